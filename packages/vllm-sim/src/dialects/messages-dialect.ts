import { readBody } from '../http/read-body.ts'
import type { ReplyDetail } from '../http/reply.ts'
import { WholeReply } from '../http/whole-reply.ts'
import type { FinishReason } from '../openai/answer.ts'
import type { Refusal } from '../openai/refusal.ts'
import { fingerprint } from '../text/byte-hash.ts'
import { BlockReply } from './block-reply.ts'
import type { Block, BlockFormat } from './block-reply.ts'
import type { Dialect } from './dialect.ts'
import { chatOfMessages, MessagesRequest } from './messages-request.ts'
import { translatedChat } from './translated.ts'
import type { UsageCounts } from './translated.ts'

/** Errors of the Messages API carry vLLM's own type. */
export const messagesError = ({
  type,
  message,
}: Refusal): { readonly type: 'error' } & Readonly<Record<string, unknown>> => ({
  type: 'error',
  error: { type, message },
})

/** Anthropic's Messages API (`/v1/messages`), as vLLM translates it to a chat and back. */
export const messagesDialect: Dialect = {
  task: 'the Messages API',
  names: { stop: 'stop_sequences' },
  errorBody: messagesError,
  read: async (message) => {
    const body = await readBody(message, MessagesRequest)
    if (body.kind === 'refused') return body
    const request = translatedChat(chatOfMessages(body.value))
    if ('kind' in request) return request
    return {
      kind: 'asked',
      request,
      reply: (response, detail) =>
        body.value.stream === true
          ? new BlockReply(response, detail, messagesFormat(detail))
          : new WholeReply(response, detail, {
              body: ([answer]) => wholeMessage(detail, answer),
              error: messagesError,
            }),
    }
  },
}

/** A stop string is an `end_turn` to vLLM; an aborted answer has no reason. */
const stopReasons: Readonly<Record<FinishReason, string | null>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  abort: null,
}

const usageOf = ({ usage }: ReplyDetail): { input_tokens: number; output_tokens: number } => {
  const counts = JSON.parse(usage.total({ nulls: false })) as UsageCounts
  return { input_tokens: counts.prompt_tokens, output_tokens: counts.completion_tokens }
}

const messageOf = (detail: ReplyDetail, content: readonly object[], finishReason: FinishReason | null): object => {
  const stopReason = finishReason === null ? null : stopReasons[finishReason]
  return {
    id: detail.head.id,
    type: 'message',
    role: 'assistant',
    content,
    model: detail.head.model,
    ...((finishReason === null || stopReason !== null) && { stop_reason: stopReason }),
    ...(finishReason === null && { stop_sequence: null }),
    usage: usageOf(detail),
  }
}

const wholeMessage = (detail: ReplyDetail, answer: Answered | undefined): object => {
  const { text = '', reasoning = '', tools = [], end } = answer ?? {}
  const content = [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: signature(reasoning) }]),
    ...(text === '' ? [] : [{ type: 'text', text }]),
    ...tools.map(({ start, arguments: json }) => ({
      type: 'tool_use',
      id: start?.id,
      name: start?.name,
      input: parsed(json),
    })),
  ]
  return messageOf(detail, content, end?.finishReason ?? 'abort')
}
type Answered = Parameters<NonNullable<ConstructorParameters<typeof WholeReply>[2]>['body']>[0][number]

/** Arguments of a call that was cut off are no JSON. */
const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}

const signature = (thought: string): string => fingerprint(Buffer.from(thought))

const messagesFormat = (detail: ReplyDetail): BlockFormat => ({
  beginsAtOnce: false,
  pieceEvent: 'content_block_delta',
  begin: () => [
    {
      type: 'message_start',
      message: { ...messageOf(detail, [], null), usage: { ...usageOf(detail), output_tokens: 0 } },
    },
  ],
  start: (block) => [{ type: 'content_block_start', index: block.index, content_block: emptyBlock(block) }],
  piece: (block, text) => [delta(block, { type: deltaTypes[block.kind], [pieceNames[block.kind]]: text })],
  stop: (block) => [
    ...(block.kind === 'reasoning'
      ? [delta(block, { type: 'signature_delta', signature: signature(block.text) })]
      : []),
    { type: 'content_block_stop', index: block.index },
  ],
  finish: (_, { finishReason }) => [
    {
      type: 'message_delta',
      delta: { stop_reason: stopReasons[finishReason], stop_sequence: null },
      usage: usageOf(detail),
    },
    { type: 'message_stop' },
  ],
  error: (refusal) => [messagesError(refusal)],
})

const delta = ({ index }: Block, piece: object) => ({ type: 'content_block_delta', index, delta: piece })

const deltaTypes = { text: 'text_delta', reasoning: 'thinking_delta', tool: 'input_json_delta' } as const
const pieceNames = { text: 'text', reasoning: 'thinking', tool: 'partial_json' } as const

const emptyBlock = ({ kind, call }: Block): object => {
  if (kind === 'tool') return { type: 'tool_use', id: call?.id, name: call?.name, input: {} }
  return kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' }
}
