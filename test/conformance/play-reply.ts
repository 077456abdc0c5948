import type { FixtureReply } from './load-fixture.ts'

/** What goes back to the gateway: a status, headers, and a body in one piece or as events. */
export interface PlayedReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Json = Record<string, unknown>

interface Asked {
  readonly stream: boolean
  readonly includeUsage: boolean
}

/** Whether a call asks for a stream, and for usage in it. */
export const askedOf = (body: unknown): Asked => {
  const { stream, stream_options: options } = (typeof body === 'object' && body !== null ? body : {}) as Json
  return { stream: stream === true, includeUsage: (options as Json | undefined)?.['include_usage'] === true }
}

/** The scripted reply in the form that was asked for: the contract's fixtures name one form, and either is right at the node. */
export const playReply = (reply: FixtureReply, asked: Asked): PlayedReply => {
  const { status = 200, headers = {}, body, sse_data: events } = reply
  if (events !== undefined) return eventStream(status, headers, events)
  const streamed = status === 200 && asked.stream ? asChunks(body, asked.includeUsage) : null
  if (streamed !== null) return eventStream(status, headers, streamed)
  if (typeof body === 'string') return { status, headers, body }
  return {
    status,
    headers: withType(headers, 'application/json'),
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

const eventStream = (
  status: number,
  headers: FixtureReply['headers'] = {},
  events: readonly unknown[],
): PlayedReply => ({
  status,
  headers: withType(headers, 'text/event-stream'),
  body: events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''),
})

const withType = (headers: Readonly<Record<string, string>>, type: string): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type')),
  'content-type': type,
})

/** A whole answer as the chunks a model server streams; null when it is none that can be streamed. */
const asChunks = (body: unknown, includeUsage: boolean): unknown[] | null => {
  const { object, choices, usage, ...rest } = (typeof body === 'object' && body !== null ? body : {}) as Json
  const isChat = object === 'chat.completion'
  if ((!isChat && object !== 'text_completion') || !Array.isArray(choices)) return null
  const chunk = (choice: Json): Json => ({
    ...rest,
    object: isChat ? 'chat.completion.chunk' : object,
    choices: [choice],
  })
  const chunks = (choices as Json[]).flatMap((choice) =>
    (isChat ? chatChoices(choice) : textChoices(choice)).map(chunk),
  )
  const last = includeUsage && usage !== undefined ? [{ ...chunk({}), choices: [], usage }] : []
  return [...chunks, ...last, '[DONE]']
}

const chatChoices = ({ index, message, finish_reason: finish }: Json): Json[] => {
  const { role = 'assistant', content, tool_calls: calls, ...others } = (message ?? {}) as Json
  const piece = (delta: Json, reason: unknown = null): Json => ({ index, delta, finish_reason: reason })
  return [
    piece({ role, content: '' }),
    ...inPieces(content).map((text) => piece({ content: text })),
    ...(Array.isArray(calls) ? calls.map((call: Json, at) => piece({ tool_calls: [{ index: at, ...call }] })) : []),
    ...(Object.keys(others).length > 0 ? [piece(others)] : []),
    piece({}, finish ?? 'stop'),
  ]
}

const textChoices = ({ index, text, finish_reason: finish }: Json): Json[] => {
  const piece = (part: string, reason: unknown = null): Json => ({ index, text: part, finish_reason: reason })
  return [...inPieces(text).map((part) => piece(part)), piece('', finish ?? 'stop')]
}

/** Two pieces, so that whoever reads only the first is found out. */
const inPieces = (text: unknown): string[] => {
  if (typeof text !== 'string' || text === '') return []
  const characters = Array.from(text)
  const half = Math.ceil(characters.length / 2)
  return [characters.slice(0, half), characters.slice(half)].map((part) => part.join('')).filter((part) => part !== '')
}
