import type { ChoiceDelta } from './choice-delta.ts'
import type { ReplyHead } from './reply.ts'

/** Renders answers as server-sent events. Works on text, not objects: a node renders tens of thousands of chunks a second. */
export interface ChunkFormat {
  /** What comes before the first chunk of a choice; empty for completions. */
  opening(choice: number, extra: OpeningExtra): string
  delta(choice: number, delta: ChoiceDelta, extra: ChunkExtra): string
  usage(usage: string): string
}

export interface OpeningExtra {
  /** Final message repeated before the answer. */
  readonly echo: string
  /** Prompt ids, when asked for: chats carry them on the top level. */
  readonly promptTokenIds: readonly number[] | null
  readonly usage: string | null
}

export interface ChunkExtra {
  /** Whether the ids of the tokens are shown. */
  readonly tokenIds: boolean
  /** Prompt ids: completions carry them in their first chunk's choice. */
  readonly promptTokenIds: readonly number[] | null
  /** JSON of the log probabilities. */
  readonly logprobs: string | null
  /** JSON of the usage so far, when asked for on every chunk. */
  readonly usage: string | null
}

export const chunkFormat = (head: ReplyHead): ChunkFormat => {
  const chat = head.endpoint === 'chat'
  const object = chat ? 'chat.completion.chunk' : 'text_completion'
  const start = `data: {"id":${JSON.stringify(head.id)},"object":"${object}","created":${head.created},"model":${JSON.stringify(head.model)},"choices":[`
  const print = head.fingerprint === null ? '' : `,"system_fingerprint":"${head.fingerprint}"`
  const { reasoningFields } = head.profile
  return {
    opening: (choice, { echo, promptTokenIds, usage }) => {
      if (!chat) return ''
      const opened = (delta: string, ids: readonly number[] | null): string =>
        `${start}{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":null}]` +
        `${ids === null ? '' : `,"prompt_token_ids":[${ids.join(',')}]`}${print}${usageField(usage)}}\n\n`
      const role = opened(`{"role":${JSON.stringify(head.role)},"content":""}`, promptTokenIds)
      return echo === '' ? role : role + opened(`{"content":${JSON.stringify(echo)}}`, null)
    },
    delta: (choice, delta, { tokenIds, promptTokenIds, logprobs, usage }) => {
      const body = chat ? `"delta":${chatDelta(delta, reasoningFields)}` : `"text":${JSON.stringify(delta.text)}`
      const prompt = chat || promptTokenIds === null ? '' : `,"prompt_token_ids":[${promptTokenIds.join(',')}]`
      const ids = tokenIds ? `,"token_ids":[${delta.tokens.map((token) => token.id).join(',')}]` : ''
      return `${start}{"index":${choice},${body},"logprobs":${logprobs},${ending(delta)}${prompt}${ids}}]${print}${usageField(usage)}}\n\n`
    },
    usage: (usage) => `${start}]${print}${usageField(usage)}}\n\n`,
  }
}

const chatDelta = ({ text, reasoning, tools }: ChoiceDelta, reasoningFields: readonly string[]): string => {
  const thought = JSON.stringify(reasoning)
  const parts = reasoning === '' ? [] : reasoningFields.map((field) => `"${field}":${thought}`)
  if (text !== '' || (parts.length === 0 && tools.length === 0)) parts.push(`"content":${JSON.stringify(text)}`)
  if (tools.length > 0) parts.push(`"tool_calls":[${tools.map(toolCall).join(',')}]`)
  return `{${parts.join(',')}}`
}

const toolCall = ({ index, start, arguments: json }: ChoiceDelta['tools'][number]): string => {
  const args = `"arguments":${JSON.stringify(json)}`
  if (start === null) return `{"index":${index},"function":{${args}}}`
  return `{"id":${JSON.stringify(start.id)},"type":"function","index":${index},"function":{"name":${JSON.stringify(start.name)},${args}}}`
}

const ending = ({ end }: ChoiceDelta): string =>
  end === null
    ? '"finish_reason":null,"stop_reason":null'
    : `"finish_reason":"${end.finishReason}","stop_reason":${JSON.stringify(end.stopReason)}`

const usageField = (usage: string | null): string => (usage === null ? '' : `,"usage":${usage}`)
