import { readBody } from '../http/read-body.ts'
import type { ReplyDetail } from '../http/reply.ts'
import { WholeReply } from '../http/whole-reply.ts'
import type { FinishReason } from '../openai/answer.ts'
import { BlockReply } from './block-reply.ts'
import type { Block, BlockFormat, TypedEvent } from './block-reply.ts'
import type { Dialect } from './dialect.ts'
import { chatOfResponses, responsesNames, ResponsesRequest } from './responses-request.ts'
import { translatedChat } from './translated.ts'
import type { UsageCounts } from './translated.ts'

/** OpenAI's Responses API (`/v1/responses`) on a node that stores nothing. */
export const responsesDialect: Dialect = {
  task: 'the Responses API',
  names: responsesNames,
  read: async (message) => {
    const body = await readBody(message, ResponsesRequest)
    if (body.kind === 'refused') return body
    const chat = chatOfResponses(body.value)
    if ('kind' in chat) return chat
    const request = translatedChat(chat.chat)
    if ('kind' in request) return request
    return {
      kind: 'asked',
      request,
      reply: (response, detail) =>
        body.value.stream === true
          ? new BlockReply(response, detail, responsesFormat(body.value, detail))
          : new WholeReply(response, detail, {
              body: ([answer]) => {
                const blocks: Block[] = []
                const add = (kind: Block['kind'], text: string, call: Block['call']): void =>
                  void blocks.push({ kind, index: blocks.length, call, text })
                if (answer !== undefined && answer.reasoning !== '') add('reasoning', answer.reasoning, null)
                if (answer !== undefined && answer.text !== '') add('text', answer.text, null)
                for (const { start, arguments: json } of answer?.tools ?? []) add('tool', json, start)
                const finish = answer?.end?.finishReason ?? 'abort'
                return responseOf(body.value, detail, { status: statuses[finish], blocks })
              },
            }),
    }
  },
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'cancelled' | 'failed'

const statuses: Readonly<Record<FinishReason, Status>> = {
  stop: 'completed',
  tool_calls: 'completed',
  length: 'incomplete',
  abort: 'cancelled',
}

interface State {
  readonly status: Status
  readonly blocks: readonly Block[]
  readonly error?: object
}

const responseOf = (request: ResponsesRequest, detail: ReplyDetail, { status, blocks, error }: State): object => ({
  id: idOf(detail),
  object: 'response',
  created_at: detail.head.created,
  status,
  error: error ?? null,
  incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
  instructions: request.instructions ?? null,
  metadata: request.metadata ?? null,
  model: detail.head.model,
  output: blocks.map((block) => itemOf(block, detail, status === 'in_progress' ? 'in_progress' : 'completed')),
  parallel_tool_calls: request.parallel_tool_calls ?? true,
  temperature: request.temperature ?? 1,
  tool_choice: request.tool_choice ?? 'auto',
  tools: request.tools ?? [],
  top_p: request.top_p ?? 1,
  background: false,
  max_output_tokens: request.max_output_tokens ?? null,
  previous_response_id: null,
  reasoning: request.reasoning ?? null,
  service_tier: 'auto',
  text: request.text ?? null,
  top_logprobs: request.top_logprobs ?? null,
  truncation: 'disabled',
  user: request.user ?? null,
  usage: status === 'in_progress' ? null : usageOf(detail),
})

const idOf = ({ head }: ReplyDetail): string => `resp_${head.id.replace(/^chatcmpl-/, '')}`

const usageOf = ({ usage }: ReplyDetail): object => {
  const counts = JSON.parse(usage.total({ nulls: false })) as UsageCounts
  return {
    input_tokens: counts.prompt_tokens,
    input_tokens_details: { cached_tokens: counts.prompt_tokens_details?.cached_tokens ?? 0 },
    output_tokens: counts.completion_tokens,
    output_tokens_details: { reasoning_tokens: counts.completion_tokens_details?.reasoning_tokens ?? 0 },
    total_tokens: counts.prompt_tokens + counts.completion_tokens,
  }
}

const prefixes = { text: 'msg', reasoning: 'rs', tool: 'fc' } as const

/** `empty`: as it is announced. */
const itemOf = (
  { kind, index, call, text }: Block,
  { head }: ReplyDetail,
  status: 'in_progress' | 'completed',
  empty = false,
): { readonly id: string } & Record<string, unknown> => {
  const id = `${prefixes[kind]}_${head.id.replace(/^chatcmpl-/, '')}-${index}`
  if (kind === 'tool')
    return { type: 'function_call', id, call_id: call?.id, name: call?.name, arguments: empty ? '' : text, status }
  if (kind === 'reasoning')
    return { type: 'reasoning', id, summary: [], content: empty ? [] : [partOf(kind, text)], status }
  return { type: 'message', id, role: 'assistant', content: empty ? [] : [partOf(kind, text)], status }
}

const partOf = (kind: 'text' | 'reasoning', text: string): object =>
  kind === 'text' ? { type: 'output_text', text, annotations: [], logprobs: null } : { type: 'reasoning_text', text }

const responsesFormat = (request: ResponsesRequest, detail: ReplyDetail): BlockFormat => {
  let sequence = 0
  const event = (type: string, rest: object): TypedEvent => ({ type, sequence_number: sequence++, ...rest })
  const ofBlock = (block: Block, type: string, rest: object): TypedEvent => {
    const { id } = itemOf(block, detail, 'in_progress')
    return event(type, {
      item_id: id,
      output_index: block.index,
      ...(block.kind !== 'tool' && { content_index: 0 }),
      ...rest,
    })
  }
  const state = (type: string, now: State): TypedEvent => event(type, { response: responseOf(request, detail, now) })
  return {
    beginsAtOnce: true,
    pieceEvent: `${pieceEvents.text}.delta`,
    begin: () => {
      const now: State = { status: 'in_progress', blocks: [] }
      return [state('response.created', now), state('response.in_progress', now)]
    },
    start: (block) => {
      const added = event('response.output_item.added', {
        output_index: block.index,
        item: itemOf(block, detail, 'in_progress', true),
      })
      if (block.kind === 'tool') return [added]
      return [added, ofBlock(block, 'response.content_part.added', { part: partOf(block.kind, '') })]
    },
    piece: (block, delta) => [
      ofBlock(block, `${pieceEvents[block.kind]}.delta`, { delta, ...(block.kind === 'text' && { logprobs: [] }) }),
    ],
    stop: (block) => {
      const done = event.bind(null, 'response.output_item.done')
      const { kind, text } = block
      const whole =
        kind === 'tool'
          ? [ofBlock(block, `${pieceEvents[kind]}.done`, { name: block.call?.name, arguments: text })]
          : [
              ofBlock(block, `${pieceEvents[kind]}.done`, { text, ...(kind === 'text' && { logprobs: [] }) }),
              ofBlock(block, 'response.content_part.done', { part: partOf(kind, text) }),
            ]
      return [...whole, done({ output_index: block.index, item: itemOf(block, detail, 'completed') })]
    },
    finish: (blocks, { finishReason }) => [state('response.completed', { status: statuses[finishReason], blocks })],
    error: ({ message, status, param }) => [event('error', { message, code: String(status), param })],
  }
}

const pieceEvents = {
  text: 'response.output_text',
  reasoning: 'response.reasoning_text',
  tool: 'response.function_call_arguments',
} as const
