import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { DropCause, Engine, Sequence, StepResult } from '../engine.ts'
import type { StreamFaultPlayer } from '../faults/stream-fault-player.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import type { Answer, AnswerStep } from '../openai/answer.ts'
import type { OpenRequest, Outcome } from '../request-log.ts'
import type { Reply } from './reply.ts'

export interface RunOptions {
  readonly promptTokens: number
  readonly answer: Answer
  readonly reply: Reply
  readonly response: ServerResponse
  readonly request: OpenRequest
  readonly fault: StreamFaultPlayer | undefined
  /** Called once, when the run is over for whatever reason. */
  readonly onSettled: (run: InferenceRun) => void
}

/**
 * One request under way, from submission to its last byte: makes tokens when the engine says so, sends them, and keeps the books. It
 * settles once: at the answer's end, when the client leaves, when the node stops, or by a fault.
 */
export class InferenceRun implements Sequence {
  readonly promptTokens: number
  readonly #options: RunOptions
  readonly #engine: Engine
  readonly #metrics: NodeMetrics
  readonly #clock: Clock
  #lastTokenAt = 0
  #settled = false

  constructor(options: RunOptions, dependencies: { engine: Engine; metrics: NodeMetrics; clock: Clock }) {
    this.promptTokens = options.promptTokens
    this.#options = options
    this.#engine = dependencies.engine
    this.#metrics = dependencies.metrics
    this.#clock = dependencies.clock
  }

  start(): void {
    const { response, reply, fault } = this.#options
    if (fault?.withholdsHeaders !== true) reply.open()
    response.once('close', () => this.#clientLeft())
    this.#engine.submit(this)
  }

  step(): StepResult {
    const { answer, request, fault } = this.#options
    const strike = fault?.before(request.record.tokens)
    if (strike?.kind === 'delay') return strike
    if (strike?.kind === 'reset') return this.#reset()
    const step = answer.next()
    this.#add(step)
    if (step.end === null) return 'more'
    this.#settle('finished', step.end.finishReason)
    return 'done'
  }

  flush(): void {
    const { outcome } = this.#options.request.record
    if (outcome === 'finished') this.#options.reply.end()
    else if (outcome === 'running') this.#options.reply.flush()
  }

  dropped(cause: DropCause): void {
    if (cause === 'aborted') this.abort()
    else this.discard()
  }

  /** Ends the answer as a stopping vLLM does: what was said, finish reason `abort`, status 200. */
  abort(): void {
    if (this.#settled) return
    this.#engine.remove(this)
    this.#add(this.#options.answer.abort())
    this.#settle('aborted_by_node', 'abort')
    const { reply, response, fault } = this.#options
    if (!response.headersSent && fault?.withholdsHeaders === true) reply.open()
    reply.end()
  }

  /** Gives the request up without an answer: the node died. */
  discard(): void {
    if (this.#settled) return
    this.#engine.remove(this)
    this.#settle('failed', null)
  }

  #add(step: AnswerStep): void {
    const { reply, request } = this.#options
    if (step.tokenId !== null) {
      const now = this.#clock.nowMs()
      if (request.record.firstTokenAt === null)
        this.#metrics.firstToken(this.promptTokens, now - request.record.arrivedAt)
      else this.#metrics.furtherToken(now - this.#lastTokenAt)
      this.#lastTokenAt = now
      request.token(now)
    }
    reply.add(step)
  }

  /** Cuts the connection once the tokens made so far have left. */
  #reset(): StepResult {
    const { reply, response } = this.#options
    this.#settle('failed', null)
    reply.flush(() => response.socket?.resetAndDestroy())
    return 'lost'
  }

  #clientLeft(): void {
    if (this.#settled) return
    this.#engine.remove(this)
    this.#settle('aborted_by_client', null)
  }

  #settle(outcome: Exclude<Outcome, 'running'>, finishReason: string | null): void {
    this.#settled = true
    this.#options.request.close(outcome, finishReason, this.#clock.nowMs())
    if (finishReason !== null) this.#metrics.requestEnded(finishReason)
    this.#options.onSettled(this)
  }
}
