import type { ConverseStreamOutput, StopReason } from '@aws-sdk/client-bedrock-runtime'
import type { EndPart, Part } from '@penstock/contracts'

type FinishReason = EndPart['finishReason']

/** Any word missing here is no proof of a complete answer. */
const finishReasons: Partial<Record<StopReason, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  content_filtered: 'content_filter',
  guardrail_intervened: 'content_filter',
}

/** Turns the events of a Converse stream into parts of an answer. */
export class ConverseReader {
  readonly #node: string
  /** Bedrock counts all blocks; callers count tool calls. */
  readonly #calls = new Map<number, number>()
  #stopReason: StopReason | null = null
  #usage: EndPart['usage'] = null

  constructor(node: string) {
    this.#node = node
  }

  read(event: ConverseStreamOutput): Part[] {
    if (event.contentBlockStart !== undefined) {
      const { start, contentBlockIndex = 0 } = event.contentBlockStart
      if (start?.toolUse === undefined) return []
      const index = this.#calls.size
      this.#calls.set(contentBlockIndex, index)
      const { toolUseId = '', name = '' } = start.toolUse
      return [{ kind: 'tool-calls', calls: [{ index, id: toolUseId, name, arguments: '' }] }]
    }
    if (event.contentBlockDelta !== undefined) {
      const { delta, contentBlockIndex = 0 } = event.contentBlockDelta
      if (delta?.text) return [{ kind: 'text', text: delta.text, tokens: 1 }]
      if (delta?.reasoningContent?.text) return [{ kind: 'reasoning', text: delta.reasoningContent.text, tokens: 1 }]
      const index = this.#calls.get(contentBlockIndex)
      if (delta?.toolUse?.input && index !== undefined)
        return [{ kind: 'tool-calls', calls: [{ index, arguments: delta.toolUse.input }] }]
    }
    if (event.messageStop !== undefined) this.#stopReason = event.messageStop.stopReason ?? null
    if (event.metadata?.usage !== undefined) {
      const { inputTokens = 0, outputTokens = 0 } = event.metadata.usage
      this.#usage = { promptTokens: inputTokens, completionTokens: outputTokens }
    }
    return []
  }

  /** The end part once the stream has ended, or why it is none. */
  end(): EndPart | { readonly kind: 'broken'; readonly reason: string } {
    if (this.#stopReason === null) return { kind: 'broken', reason: 'ended without a stop reason' }
    const finishReason = finishReasons[this.#stopReason]
    return finishReason === undefined
      ? { kind: 'broken', reason: `stop reason ${this.#stopReason}` }
      : { kind: 'end', finishReason, usage: this.#usage, node: this.#node }
  }
}
