import type { ServerResponse } from 'node:http'
import type { AnswerStep } from '../openai/answer.ts'
import { chatLogprobs, completionLogprobs } from '../openai/logprobs.ts'
import { refusalBody } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { addStep, emptyDelta, isSilent } from './choice-delta.ts'
import type { ChoiceDelta } from './choice-delta.ts'
import { chunkFormat } from './chunk-format.ts'
import type { ChunkFormat } from './chunk-format.ts'
import type { ChoiceDetail, Reply, ReplyDetail } from './reply.ts'
import { StreamWriter } from './stream-writer.ts'

export interface StreamOptions {
  readonly includeUsage: boolean
  readonly continuousUsage: boolean
  /** Tokens per chunk; the first comes alone. */
  readonly interval: number
}

interface ChoiceState {
  readonly detail: ChoiceDetail
  delta: ChoiceDelta
  opened: boolean
  /** Characters sent: where the next token stands in the text. */
  offset: number
}

/** Answers as server-sent events, the chunks of one engine pass in one write. */
export class StreamedReply implements Reply {
  readonly #response: ServerResponse
  readonly #format: ChunkFormat
  readonly #options: StreamOptions
  readonly #detail: ReplyDetail
  readonly #choices: ChoiceState[]
  readonly #writer: StreamWriter

  constructor(response: ServerResponse, options: StreamOptions, detail: ReplyDetail) {
    this.#response = response
    this.#writer = new StreamWriter(response, detail.outlet)
    this.#format = chunkFormat(detail.head)
    this.#options = options
    this.#detail = detail
    this.#choices = detail.choices.map((choice) => ({ detail: choice, delta: emptyDelta(), opened: false, offset: 0 }))
  }

  open(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      connection: 'keep-alive',
      ...this.#detail.headers(),
    })
    this.#response.flushHeaders()
  }

  add(choice: number, step: AnswerStep): void {
    const state = this.#choices[choice] as ChoiceState
    addStep(state.delta, state.detail.onlyEchoes ? { ...step, text: '' } : step)
    const first = !state.opened
    if (first) this.#open(choice, state)
    const due = first || state.delta.end !== null || state.delta.tokens.length >= this.#options.interval
    if (due && !isSilent(state.delta)) this.#emit(choice, state)
  }

  flush(sent?: () => void): void {
    this.#writer.flush(sent)
  }

  end(): void {
    const usage = this.#options.includeUsage ? this.#format.usage(this.#detail.usage.total({ nulls: false })) : ''
    this.#writer.add(`${usage}data: [DONE]\n\n`)
    this.#writer.end()
  }

  garble(): void {
    this.#writer.add('data: {"id": "chatcmpl-", "choices": [{"index": 0, "delta"\n\n')
    this.flush()
  }

  truncate(): void {
    if (!this.#response.headersSent) this.open()
    this.#writer.end()
  }

  fail(refusal: Refusal): void {
    if (!this.#response.headersSent) this.open()
    this.#writer.add(`data: ${refusalBody(refusal, 'nested')}\n\ndata: [DONE]\n\n`)
    this.#writer.end()
  }

  #open(choice: number, state: ChoiceState): void {
    const { echo, promptTokenIds } = state.detail
    state.opened = true
    this.#writer.add(
      this.#format.opening(choice, {
        echo: echo.text,
        promptTokenIds: choice === 0 ? promptTokenIds : null,
        usage: this.#usage(choice),
      }),
    )
    if (this.#detail.head.endpoint === 'completion') state.delta.text = echo.text + state.delta.text
  }

  #emit(choice: number, state: ChoiceState): void {
    const { delta, detail, offset } = state
    this.#writer.add(
      this.#format.delta(choice, delta, {
        tokenIds: detail.promptTokenIds !== null,
        promptTokenIds: offset === 0 ? detail.promptTokenIds : null,
        logprobs: this.#logprobs(state),
        usage: this.#usage(choice),
      }),
    )
    // At least one, so that only the first chunk counts as first.
    state.offset += Math.max(1, Array.from(delta.text).length)
    state.delta = emptyDelta()
  }

  #usage(choice: number): string | null {
    return this.#options.continuousUsage ? this.#detail.usage.choice(choice) : null
  }

  #logprobs({ delta, detail, offset }: ChoiceState): string | null {
    const { head, logprobs } = this.#detail
    if (logprobs === null) return null
    if (head.endpoint === 'chat')
      return delta.tokens.length === 0 ? null : JSON.stringify(chatLogprobs(delta.tokens, logprobs))
    const startsPrompt = offset === 0 && detail.echo.tokens.length > 0
    const tokens = [...(startsPrompt ? detail.echo.tokens : []), ...(detail.onlyEchoes ? [] : delta.tokens)]
    return tokens.length === 0 ? null : JSON.stringify(completionLogprobs(tokens, logprobs, { offset, startsPrompt }))
  }
}
