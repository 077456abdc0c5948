import type { ToolCallDelta, Usage } from '@penstock/models'
import type { AnswerEnvelope, AnswerFinish } from '../openai/envelope.ts'
import { messageJson, stopReason, usageJson } from './response.ts'

/** One event of a stream; its `type` is the event's name. */
export interface MessageEvent {
  readonly type: string
  readonly [field: string]: unknown
}

type Block = { readonly kind: 'text' | 'thinking' } | { readonly kind: 'tool'; readonly index: number }

/** Turns the parts of one answer into the events of a message stream: blocks follow one another, each closed before the next. */
export class MessageEvents {
  readonly #envelope: AnswerEnvelope
  readonly #options: { readonly thinking: boolean; readonly promptTokensEstimate: number }
  #open: Block | null = null
  #blocks = 0
  readonly #calls = new Set<number>()

  /** Without `thinking` what a model thinks is left out. The prompt's real size is only known at the end. */
  constructor(
    envelope: AnswerEnvelope,
    options: { readonly thinking: boolean; readonly promptTokensEstimate: number },
  ) {
    this.#envelope = envelope
    this.#options = options
  }

  start(): MessageEvent[] {
    const usage = usageJson({ promptTokens: this.#options.promptTokensEstimate, completionTokens: 0 })
    const message = { ...messageJson(this.#envelope), content: [], stop_reason: null, stop_sequence: null, usage }
    return [{ type: 'message_start', message }]
  }

  text(text: string): MessageEvent[] {
    return [...this.#switchTo({ kind: 'text' }, { type: 'text', text: '' }), this.#delta({ type: 'text_delta', text })]
  }

  reasoning(thinking: string): MessageEvent[] {
    if (!this.#options.thinking) return []
    return [
      ...this.#switchTo({ kind: 'thinking' }, { type: 'thinking', thinking: '', signature: '' }),
      this.#delta({ type: 'thinking_delta', thinking }),
    ]
  }

  /** Throws when a call goes on after another has begun: no event could say so. */
  toolCalls(calls: readonly ToolCallDelta[]): MessageEvent[] {
    return calls.flatMap(({ index, id, name, arguments: args }) => {
      const isOpen = this.#open?.kind === 'tool' && this.#open.index === index
      if (!isOpen && this.#calls.has(index)) throw new Error('a tool call goes on after it was closed')
      this.#calls.add(index)
      const opened = isOpen
        ? []
        : this.#switchTo(
            { kind: 'tool', index },
            {
              type: 'tool_use',
              id: id || `toolu_${this.#envelope.id.slice(-16)}_${index}`,
              name: name ?? '',
              input: {},
            },
          )
      return args === undefined || args === ''
        ? opened
        : [...opened, this.#delta({ type: 'input_json_delta', partial_json: args })]
    })
  }

  end(finish: AnswerFinish, stopSequence: string | null, usage: Usage | null): MessageEvent[] {
    return [
      ...this.#close(),
      {
        type: 'message_delta',
        delta: { stop_reason: stopReason(finish, stopSequence), stop_sequence: stopSequence },
        usage: usageJson(usage),
      },
      { type: 'message_stop' },
    ]
  }

  #switchTo(block: Block, empty: object): MessageEvent[] {
    if (this.#open?.kind === block.kind && block.kind !== 'tool') return []
    const closed = this.#close()
    this.#open = block
    this.#blocks += 1
    return [...closed, { type: 'content_block_start', index: this.#blocks - 1, content_block: empty }]
  }

  #close(): MessageEvent[] {
    if (this.#open === null) return []
    this.#open = null
    return [{ type: 'content_block_stop', index: this.#blocks - 1 }]
  }

  #delta(delta: object): MessageEvent {
    return { type: 'content_block_delta', index: this.#blocks - 1, delta }
  }
}
