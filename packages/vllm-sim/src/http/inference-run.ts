import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { DropCause, Engine, SequenceTrace, StepResult } from '../engine.ts'
import type { NodeFault, StreamFault } from '../faults/fault.ts'
import { sendOversizedFrame } from '../faults/oversized-frame.ts'
import type { StreamFaultPlayer } from '../faults/stream-fault-player.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import type { Answer, AnswerStep } from '../openai/answer.ts'
import { engineDied, internalFailure } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import type { OpenRequest, Outcome } from '../request-log.ts'
import { AnswerSequence } from './answer-sequence.ts'
import type { SequenceFacts } from './answer-sequence.ts'
import type { Reply } from './reply.ts'
import type { UsageMeter } from './usage-meter.ts'

export interface RunOptions {
  /** By choice index. */
  readonly answers: readonly { readonly answer: Answer; readonly facts: SequenceFacts }[]
  readonly reply: Reply
  readonly usage: UsageMeter
  readonly response: ServerResponse
  readonly request: OpenRequest
  readonly fault: StreamFaultPlayer | undefined
  /** The request's own limit, for the books. */
  readonly outputTokensMax: number | null
  readonly samples: number
  /** A fault of the whole node came with this request. */
  readonly onNodeFault: (fault: NodeFault) => void
  /** Whether a client that leaves goes unnoticed. */
  readonly ignoresClient: () => boolean
  /** Called once, when the run is over for whatever reason. */
  readonly onSettled: (run: InferenceRun) => void
}

/**
 * One request under way, from submission to its last byte: makes tokens when the engine says so, sends them, and keeps the books. All
 * its answers end together or not at all: at the end of the last, when the client leaves, when the node stops, or by a fault.
 */
export class InferenceRun {
  readonly #options: RunOptions
  readonly #engine: Engine
  readonly #metrics: NodeMetrics
  readonly #clock: Clock
  readonly #sequences: readonly AnswerSequence[]
  #settled = false

  constructor(options: RunOptions, dependencies: { engine: Engine; metrics: NodeMetrics; clock: Clock }) {
    this.#options = options
    this.#engine = dependencies.engine
    this.#metrics = dependencies.metrics
    this.#clock = dependencies.clock
    this.#sequences = options.answers.map(
      ({ answer, facts }, choice) => new AnswerSequence(choice, facts, answer, this),
    )
  }

  get id(): string {
    return this.#options.request.facts.id
  }

  get choices(): number {
    return this.#sequences.length
  }

  /** Prompt tokens of answers that have not begun. */
  get tokensBeforePrefill(): number {
    return this.#sequences.reduce((sum, { tokens, promptTokens }) => (tokens === 0 ? sum + promptTokens : sum), 0)
  }

  /** Prompt tokens the first answer found in the cache. */
  get cachedTokens(): number {
    return this.#sequences[0]?.trace?.cachedTokens ?? 0
  }

  start(): void {
    const { response, reply, fault, request } = this.#options
    if (fault?.withholdsHeaders !== true) reply.open()
    response.once('close', () => this.#clientLeft())
    const traces: SequenceTrace[] = []
    request.follow(traces)
    for (const sequence of this.#sequences) {
      sequence.trace = this.#engine.submit(sequence)
      traces.push(sequence.trace)
    }
  }

  step(sequence: AnswerSequence): StepResult {
    if (this.#settled) return 'lost'
    const { fault, request } = this.#options
    if (fault?.strikes(request.tokens) === true) {
      const result = this.#strike(fault.fault)
      if (result !== undefined) return result
    }
    if (fault?.withholdsHeaders === true && !this.#options.response.headersSent) this.#options.reply.open()
    this.#add(sequence, sequence.next())
    return sequence.ended === null ? 'more' : 'done'
  }

  flush(sequence: AnswerSequence): void {
    this.#book(sequence)
    if (this.#settled) return
    if (this.#sequences.some((one) => one.ended === null)) return this.#options.reply.flush()
    this.#settle('finished', sequence.ended?.finishReason ?? null)
    this.#options.reply.end()
  }

  dropped(_: AnswerSequence, cause: DropCause): void {
    if (cause === 'aborted') this.abort()
    else this.fail(engineDied)
  }

  /** Ends the answers as a stopping vLLM does: what was said, finish reason `abort`, status 200. */
  abort(): void {
    if (this.#settled) return
    for (const sequence of this.#unfinished()) {
      this.#engine.remove(sequence)
      this.#add(sequence, sequence.abort())
      this.#book(sequence)
    }
    this.#settle('aborted_by_node', 'abort')
    const { reply, response } = this.#options
    if (!response.headersSent) reply.open()
    reply.end()
  }

  /** Ends the request with an error: a status, or an event in a stream under way. */
  fail(refusal: Refusal): void {
    if (this.#settled) return
    this.#drop('failed')
    this.#options.reply.fail(refusal)
  }

  /** Gives the request up without an answer: the process died. */
  discard(): void {
    if (!this.#settled) this.#drop('failed')
  }

  #unfinished(): AnswerSequence[] {
    return this.#sequences.filter((sequence) => sequence.ended === null)
  }

  #add(sequence: AnswerSequence, step: AnswerStep): void {
    const { reply, request, usage } = this.#options
    if (step.token !== null) {
      const now = this.#clock.nowMs()
      const { trace } = sequence
      if (trace !== undefined && sequence.tokens === 1) this.#metrics.firstToken(trace, now - request.facts.arrivedAt)
      else this.#metrics.furtherToken(now - sequence.lastTokenAt)
      sequence.lastTokenAt = now
      request.token(now)
      usage.token(sequence.choice, step.part === 'reasoning')
    }
    reply.add(sequence.choice, step)
  }

  /** Writes the end of one answer into the metrics. */
  #book(sequence: AnswerSequence): void {
    const { ended, trace } = sequence
    if (ended === null || trace === undefined || sequence.booked) return
    sequence.booked = true
    const { samples, outputTokensMax } = this.#options
    const { finishReason } = ended
    this.#metrics.answerEnded({ finishReason, trace, endedAt: this.#clock.nowMs(), samples, outputTokensMax })
  }

  /** Acts a fault out. Returns what the engine is told, or undefined when the answer goes on. */
  #strike(fault: StreamFault): StepResult | undefined {
    const { reply, response, onNodeFault } = this.#options
    switch (fault.kind) {
      case 'hang':
        return { delayMs: Infinity }
      case 'stall':
        return { delayMs: fault.stallMs }
      case 'reset_mid_stream':
        return this.#reset()
      case 'truncate':
        this.#drop('failed')
        reply.truncate()
        return 'lost'
      case 'error_event':
        this.fail(internalFailure(fault.message))
        return 'lost'
      case 'abort_finish':
        this.abort()
        return 'lost'
      case 'oversized_frame':
        this.#drop('failed')
        if (!response.headersSent) reply.open()
        reply.flush(() => void sendOversizedFrame(response, fault.bytes))
        return 'lost'
      case 'garbage':
        reply.garble()
        return undefined
      case 'crash':
      case 'engine_dead':
      case 'oom':
        // After what was made so far has left.
        reply.flush(() => onNodeFault({ ...fault, when: 'now' }))
        return { delayMs: Infinity }
    }
  }

  /** Cuts the connection once the tokens made so far have left. */
  #reset(): StepResult {
    const { reply, response } = this.#options
    this.#drop('failed')
    reply.flush(() => response.socket?.resetAndDestroy())
    return 'lost'
  }

  #clientLeft(): void {
    if (!this.#settled && !this.#options.ignoresClient()) this.#drop('aborted_by_client')
  }

  #drop(outcome: 'failed' | 'aborted_by_client'): void {
    this.#settle(outcome, null)
    for (const sequence of this.#unfinished()) this.#engine.remove(sequence)
  }

  #settle(outcome: Exclude<Outcome, 'running'>, finishReason: string | null): void {
    this.#settled = true
    this.#options.request.close(outcome, finishReason, this.#clock.nowMs())
    this.#options.onSettled(this)
  }
}
