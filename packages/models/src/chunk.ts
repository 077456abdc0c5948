import { errorFromJson, isRecord } from './node-error.ts'
import type { NodeError } from './node-error.ts'
import { readToolCallDeltas } from './tool-call-delta.ts'
import type { ToolCallDelta } from './tool-call-delta.ts'
import { readUsage } from './usage.ts'
import type { Usage } from './usage.ts'

/** Why a node ended an answer. `aborted`: the server cut it, so the answer is not complete whatever the HTTP status said. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'aborted'

export interface ChunkContent {
  readonly kind: 'content'
  /** The server's id of the answer: another one within a stream means that answers got crossed. */
  readonly id: string | null
  /** The name under which the server answers. */
  readonly model: string | null
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly ToolCallDelta[]
  /** Output tokens of this chunk; null when the node does not tell. */
  readonly tokens: number | null
  readonly finishReason: FinishReason | null
  /** The stop string or token that matched, or the server's own word for what happened. */
  readonly stopReason: string | number | null
  readonly usage: Usage | null
  /** The node reported a usage that cannot be. */
  readonly usageClamped: boolean
}

export type ChunkParts =
  | ChunkContent
  | { readonly kind: 'error'; readonly error: NodeError }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Finish words of vLLM and of other servers that speak its format. Any word missing here is no proof of a complete answer. */
const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  repetition: 'stop',
  eos_token: 'stop',
  stop_sequence: 'stop',
  end_turn: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
}

/**
 * Reads one streamed object of a node, chat or completion; also a whole unstreamed answer, for servers that cannot stream. Tolerates
 * unknown fields and chunks without choices; wrong types are `invalid`. Never throws.
 */
export function readChunk(json: unknown): ChunkParts {
  if (!isRecord(json)) return invalid('not an object')
  if ((json.error ?? null) !== null || json.object === 'error') return { kind: 'error', error: streamedError(json) }
  const choices = json.choices ?? []
  if (!Array.isArray(choices)) return invalid('choices is not a list')
  const choice: unknown = choices.find((one) => !isRecord(one) || (one.index ?? 0) === 0)
  if (choice !== undefined && !isRecord(choice)) return invalid('choice is not an object')
  const usage = readUsage(json.usage)
  const content: ChunkContent = {
    kind: 'content',
    // Azure's first object is about the prompt's filtering and has an empty id.
    id: typeof json.id === 'string' && json.id !== '' ? json.id : null,
    model: typeof json.model === 'string' && json.model !== '' ? json.model : null,
    text: '',
    reasoning: '',
    toolCalls: [],
    tokens: null,
    finishReason: null,
    stopReason: null,
    usage: usage?.usage ?? null,
    usageClamped: usage?.clamped ?? false,
  }
  return choice === undefined ? content : withChoice(content, choice)
}

function withChoice(content: ChunkContent, choice: Record<string, unknown>): ChunkParts {
  const delta = choice.delta ?? choice.message ?? {}
  if (!isRecord(delta)) return invalid('delta is not an object')
  const text = delta.content ?? choice.text ?? ''
  if (typeof text !== 'string') return invalid('text is not a string')
  const reasoning = delta.reasoning ?? delta.reasoning_content ?? ''
  if (typeof reasoning !== 'string') return invalid('reasoning is not a string')
  const toolCalls = readToolCallDeltas(delta.tool_calls)
  if (toolCalls === null) return invalid('tool_calls is malformed')
  const finish = choice.finish_reason ?? null
  if (finish !== null && typeof finish !== 'string') return invalid('finish_reason is not a string')
  const stopReason = choice.stop_reason
  return {
    ...content,
    text,
    reasoning,
    toolCalls,
    tokens: Array.isArray(choice.token_ids) ? choice.token_ids.length : null,
    finishReason: finish === null ? null : finishReasonOf(finish),
    stopReason: typeof stopReason === 'string' || typeof stopReason === 'number' ? stopReason : null,
  }
}

function finishReasonOf(word: string): FinishReason {
  return Object.hasOwn(finishReasons, word) ? (finishReasons[word] as FinishReason) : 'aborted'
}

/** After a 200 the status travels as the error's code. */
function streamedError(json: Record<string, unknown>): NodeError {
  const code = Number(isRecord(json.error) ? json.error.code : json.code)
  return errorFromJson(Number.isInteger(code) ? code : 500, json)
}

function invalid(reason: string): ChunkParts {
  return { kind: 'invalid', reason }
}
