import type { ToolCallDelta, Usage } from '@penstock/models'
import type { AnswerEnvelope, AnswerFinish } from '../openai/envelope.ts'

/** One event of a stream; its `type` is the event's name. */
export interface ResponseEvent {
  readonly type: string
  readonly sequence_number: number
  readonly [field: string]: unknown
}

type OutputItem =
  | { readonly kind: 'message'; readonly id: string; text: string }
  | { readonly kind: 'call'; readonly id: string; readonly callId: string; readonly name: string; arguments: string }

/**
 * Turns the parts of one answer into the events of a response stream. The same steps build the whole answer, which is the
 * `response` of the last event.
 */
export class ResponseEvents {
  readonly #envelope: AnswerEnvelope
  readonly #items: OutputItem[] = []
  readonly #calls = new Map<number, number>()
  #open = false
  #sequence = 0

  constructor(envelope: AnswerEnvelope) {
    this.#envelope = envelope
  }

  start(): ResponseEvent[] {
    const response = this.#response('in_progress', null, null)
    return [this.#event('response.created', { response }), this.#event('response.in_progress', { response })]
  }

  text(text: string): ResponseEvent[] {
    const events: ResponseEvent[] = []
    let item = this.#items.at(-1)
    if (!this.#open || item?.kind !== 'message') {
      events.push(...this.#close())
      item = { kind: 'message', id: this.#itemId('msg'), text: '' }
      events.push(...this.#begin(item))
      events.push(
        this.#event('response.content_part.added', { ...this.#place(item), content_index: 0, part: partOf('') }),
      )
    }
    item.text += text
    const place = { ...this.#place(item), content_index: 0 }
    return [...events, this.#event('response.output_text.delta', { ...place, delta: text, logprobs: [] })]
  }

  /** Throws when a call goes on after another has begun: no event could say so. */
  toolCalls(calls: readonly ToolCallDelta[]): ResponseEvent[] {
    return calls.flatMap(({ index, id, name, arguments: args }) => {
      const events: ResponseEvent[] = []
      const known = this.#calls.get(index)
      if (known === undefined) {
        events.push(...this.#close())
        this.#calls.set(index, this.#items.length)
        const callId = id || `call_${this.#envelope.id.slice(-16)}_${index}`
        events.push(...this.#begin({ kind: 'call', id: this.#itemId('fc'), callId, name: name ?? '', arguments: '' }))
      } else if (!this.#open || known !== this.#items.length - 1)
        throw new Error('a tool call goes on after it was closed')
      const item = this.#items.at(-1)
      if (item?.kind !== 'call' || args === undefined || args === '') return events
      item.arguments += args
      const delta = { ...this.#place(item), delta: args }
      return [...events, this.#event('response.function_call_arguments.delta', delta)]
    })
  }

  end(finish: AnswerFinish, usage: Usage | null): ResponseEvent[] {
    const cut = finish === 'length' ? 'max_output_tokens' : finish === 'content_filter' ? 'content_filter' : null
    const closed = this.#close()
    const response = this.#response(cut === null ? 'completed' : 'incomplete', cut, usage)
    return [...closed, this.#event(cut === null ? 'response.completed' : 'response.incomplete', { response })]
  }

  #begin(item: OutputItem): ResponseEvent[] {
    this.#items.push(item)
    this.#open = true
    const { output_index } = this.#place(item)
    return [this.#event('response.output_item.added', { output_index, item: itemJson(item, 'in_progress') })]
  }

  #close(): ResponseEvent[] {
    const item = this.#items.at(-1)
    if (!this.#open || item === undefined) return []
    this.#open = false
    const place = this.#place(item)
    const ending =
      item.kind === 'message'
        ? [
            this.#event('response.output_text.done', { ...place, content_index: 0, text: item.text, logprobs: [] }),
            this.#event('response.content_part.done', { ...place, content_index: 0, part: partOf(item.text) }),
          ]
        : [
            this.#event('response.function_call_arguments.done', {
              ...place,
              name: item.name,
              arguments: item.arguments,
            }),
          ]
    const { output_index } = place
    return [...ending, this.#event('response.output_item.done', { output_index, item: itemJson(item, 'completed') })]
  }

  #place(item: OutputItem) {
    return { item_id: item.id, output_index: this.#items.indexOf(item) }
  }

  #itemId(prefix: string): string {
    return `${prefix}_${this.#envelope.id.replace(/^[a-z]+[_-]/, '')}_${this.#items.length}`
  }

  #event(type: string, fields: object): ResponseEvent {
    return { type, sequence_number: this.#sequence++, ...fields }
  }

  #response(status: string, cut: string | null, usage: Usage | null) {
    const { id, createdAt, model } = this.#envelope
    return {
      id,
      object: 'response',
      created_at: Math.floor(createdAt / 1000),
      status,
      error: null,
      incomplete_details: cut === null ? null : { reason: cut },
      instructions: null,
      metadata: {},
      model,
      output: this.#items.map((item) => itemJson(item, 'completed')),
      parallel_tool_calls: true,
      previous_response_id: null,
      store: false,
      temperature: null,
      tool_choice: 'auto',
      tools: [],
      top_p: null,
      usage: usage === null ? null : usageJson(usage),
    }
  }
}

const partOf = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })

const itemJson = (item: OutputItem, status: string) =>
  item.kind === 'message'
    ? {
        type: 'message',
        id: item.id,
        status,
        role: 'assistant',
        content: status === 'completed' ? [partOf(item.text)] : [],
      }
    : { type: 'function_call', id: item.id, status, call_id: item.callId, name: item.name, arguments: item.arguments }

const usageJson = ({ promptTokens, completionTokens }: Usage) => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + completionTokens,
})
