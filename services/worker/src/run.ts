import type { Bus } from '@penstock/bus'
import type { ConfigDocument, ModelConfig } from '@penstock/config'
import type { FailedPart, Go, Job, Part, RunId, WorkerId } from '@penstock/contracts'
import { featureByName } from '@penstock/features'
import { canContinue, continuation, isFamily, limitOutput, withoutSystemRole } from '@penstock/models'
import type { ModelCall } from '@penstock/models'
import type { Logger, OpenSpan, Tracing } from '@penstock/runtime'
import { claimBody } from './claim-body.ts'
import { countsAgainstNode, judgeFailure, overloadsNode } from './core/judge-failure.ts'
import type { NodeTrouble } from './core/judge-failure.ts'
import type { FramePaces } from './frame-paces.ts'
import { FrameLog } from './frame-log.ts'
import type { FrameOutbox } from './frame-outbox.ts'
import type { NodePlace } from './node-place.ts'
import type { NodeSet } from './node-set.ts'
import { RunClocks } from './run-clocks.ts'

export interface RunDependencies {
  bus: Bus
  nodes: NodeSet
  log: Logger
  tracing: Tracing
  worker: WorkerId
  document(): ConfigDocument
  /** The salt that separates a trust domain's prefix cache at the nodes. */
  cacheSaltOf(domain: string): string
  framePaces: FramePaces
  outbox: FrameOutbox
  now(): number
}

/** One try at an attempt: claims it, renders its prompt, calls the node, sends the answer as frames. */
export class Run {
  readonly job: Job
  readonly run: RunId
  readonly frames: FrameLog
  readonly place: NodePlace
  readonly #deps: RunDependencies
  #clocks: RunClocks | null = null
  #stopped: 'cancelled' | 'handed-over' | null = null

  constructor(job: Job, run: RunId, place: NodePlace, dependencies: RunDependencies) {
    this.job = job
    this.run = run
    this.place = place
    this.#deps = dependencies
    this.frames = new FrameLog(
      { request: job.request, attempt: job.attempt, run },
      dependencies.framePaces.of(job.ingress),
      (frame) => dependencies.outbox.push(job.ingress, frame),
    )
  }

  /** Runs to the end; never throws. True when the attempt was granted. */
  async execute(): Promise<boolean> {
    const { job } = this
    const span = this.#deps.tracing.open(
      `run ${job.feature}`,
      'consumer',
      { traceparent: job.traceparent },
      {
        'penstock.request_id': job.request,
        'penstock.attempt': job.attempt,
        'penstock.pool': job.pool,
        'penstock.node': this.place.node.config.name,
        'penstock.place_reason': this.place.reason,
      },
    )
    try {
      const claimed = await claimBody(
        this.#deps.bus,
        job,
        this.run,
        this.#deps.worker,
        { node: this.place.node.config.name, reason: this.place.reason },
        span.carrier(),
      )
      if (claimed.kind === 'gone') {
        this.#deps.log.debug(
          { request_id: job.request, attempt: job.attempt, reason: claimed.reason },
          'job dropped at its claim',
        )
        span.end(claimed.reason)
        return false
      }
      await this.#answer(claimed.go, claimed.body, span)
    } catch (error) {
      this.#deps.log.error({ err: error, request_id: job.request }, 'run failed by a bug')
      this.#fail(
        { kind: 'failed', code: 'internal', retry: false, fault: 'none', node: this.place.node.config.name },
        span,
      )
    }
    return true
  }

  /** Nobody wants the answer: closes the node's socket at once. */
  cancel(): void {
    this.#stop('cancelled')
    this.frames.abandon()
  }

  /** The worker drains: the owner continues the answer elsewhere from what it got. */
  handOver(): void {
    this.#stop('handed-over')
    this.frames.close({ kind: 'handover' })
  }

  /** None of the node's streams brings anything: this one goes on elsewhere. */
  nodeFroze(): void {
    this.#clocks?.stall()
  }

  #stop(why: 'cancelled' | 'handed-over'): void {
    this.#stopped ??= why
    this.#clocks?.abort()
  }

  async #answer(go: Go, body: Buffer, span: OpenSpan): Promise<void> {
    const rendered = this.#render(go, body)
    if (rendered.kind === 'part') {
      this.#close(rendered.part, span)
      return
    }
    using clocks = new RunClocks({ ...go, firstTokenWithinMs: this.place.called() })
    this.#clocks = clocks
    if (this.#stopped !== null) clocks.abort()
    const trouble = await this.#call(rendered.call, go, clocks, span)
    if (trouble === null) return
    if (this.#stopped !== null) {
      span.end(this.#stopped)
      return
    }
    if (countsAgainstNode(trouble)) this.#deps.nodes.failed(this.place.node)
    // The model may be gone from the node, or be another: what it serves is looked at before others fail there.
    if (trouble.kind === 'broken' || (trouble.kind === 'status' && trouble.status === 404))
      this.place.node.checkSoon = true
    if (overloadsNode(trouble)) this.#deps.nodes.overloaded(this.place.node)
    const { name } = this.place.node.config
    const lastOkAt = this.#deps.nodes.lastOkAt(this.job.pool)
    this.#fail(
      judgeFailure(trouble, {
        node: name,
        othersLeft: this.#deps.nodes.othersLeft(this.job.pool, [...this.job.avoidNodes, name]),
        sinceOkMs: lastOkAt === null ? null : this.#deps.now() - lastOkAt,
      }),
      span,
    )
  }

  /** The call for the rest of the answer, or the part that ends the run without one. */
  #render(go: Go, body: Buffer): { kind: 'call'; call: ModelCall } | { kind: 'part'; part: Part } {
    const end = (finishReason: 'stop' | 'length'): { kind: 'part'; part: Part } => ({
      kind: 'part',
      part: { kind: 'end', finishReason, usage: null, node: null },
    })
    const refuse = (part: Omit<FailedPart, 'kind' | 'node' | 'fault'>): { kind: 'part'; part: Part } => ({
      kind: 'part',
      part: { kind: 'failed', node: null, fault: 'none', ...part },
    })
    const feature = featureByName(this.job.feature)
    const model = this.#model()
    if (feature === undefined) return refuse({ code: 'internal', retry: false })
    if (model === undefined)
      return refuse({ code: 'unknown_model', retry: false, message: `no model is named "${this.job.model}"` })
    const asked = feature.render(feature.input.parse(JSON.parse(body.toString('utf8'))), {
      family: isFamily(this.job.family) ? this.job.family : model.family,
      contextTokens: model.contextTokens,
      servedName: model.servedName,
      nativeTools: model.toolCalls === 'native',
      continuesAnswers: this.place.node.backend.continuesAnswers,
    })
    if (asked === null) return end('stop')
    const call = model.systemRole === 'in-user' ? withoutSystemRole(asked) : asked
    const allowed = canContinue(call, { text: go.said.text, toolCallsBegun: false, reasoningBegun: false })
    if (!allowed.ok) return refuse({ code: 'cannot_continue', retry: false, message: allowed.reason })
    const rest = continuation(limitOutput(call, model.contextTokens), go.said)
    if (rest.kind === 'call' && isBegun(rest.call) && !this.place.node.backend.continuesAnswers)
      return this.#cannotGoOn(go)
    return rest.kind === 'complete' ? end(rest.finishReason) : rest
  }

  /** Another node may be of a kind that goes on with an answer; what the client itself began is its own to change. */
  #cannotGoOn(go: Go): { kind: 'part'; part: Part } {
    const node = this.place.node.config.name
    const base = { kind: 'failed', node, fault: 'unreached' } as const
    if (go.said.text === '')
      return {
        kind: 'part',
        part: {
          ...base,
          code: 'invalid_request',
          retry: false,
          message: 'The model cannot go on with a given answer.',
        },
      }
    const retry = this.#deps.nodes.othersLeft(this.job.pool, [...this.job.avoidNodes, node])
    return { kind: 'part', part: { ...base, code: 'cannot_continue', retry, message: 'backend cannot continue' } }
  }

  /** Calls the node and sends its answer; null when all went well. */
  async #call(call: ModelCall, go: Go, clocks: RunClocks, span: OpenSpan): Promise<NodeTrouble | null> {
    let first = true
    const servedName = this.#model()?.servedName ?? this.job.model
    const answer = await this.place.node.backend.answer({
      call,
      servedName,
      answersAs: this.place.node.models?.answersAs(servedName) ?? null,
      reasoning: this.#model()?.reasoning,
      // A request of no known domain shares with nobody.
      cacheSalt: this.#deps.cacheSaltOf(go.domain ?? this.job.request),
      requestId: `${this.job.request}.${this.job.attempt}`,
      traceparent: span.carrier().traceparent,
      signal: clocks.signal,
      onParts: (parts) => {
        clocks.progress()
        this.place.heard(tokensOf(parts))
        for (const part of parts) {
          if (first) this.#firstToken(span)
          first = false
          this.frames.add(part)
        }
      },
    })
    if (answer.kind === 'end') {
      this.#deps.nodes.answered(this.place.node)
      this.place.ended(answer.uncachedTokens ?? null)
      this.#close(answer.end, span)
      return null
    }
    if (clocks.verdict === 'too-slow') return { kind: 'too-slow' }
    if (clocks.verdict === 'stalled')
      return first ? { kind: 'silent' } : { kind: 'broken', reason: 'no byte for too long' }
    const { trouble } = answer
    if (this.#stopped === null && isTold(trouble))
      this.#deps.log.warn(
        { request_id: this.job.request, node: this.place.node.config.name, ...trouble },
        'node failed',
      )
    return trouble
  }

  #firstToken(span: OpenSpan): void {
    span.span.addEvent('first_token')
    this.#deps.nodes.seenAlive(this.place.node)
  }

  #model(): ModelConfig | undefined {
    return this.#deps.document().models.find(({ name }) => name === this.job.model)
  }

  #close(part: Part, span: OpenSpan): void {
    this.frames.close(part)
    span.end()
  }

  #fail(part: FailedPart, span: OpenSpan): void {
    this.frames.close(part)
    span.end(part.code)
  }
}

/** Whether the model is to go on with the last message instead of answering it. */
const isBegun = (call: ModelCall): boolean => call.kind === 'chat' && call.continueFinal === true

/** What an operator has to hear of each time: a node that is only away shows in its state. */
const isTold = (trouble: NodeTrouble): boolean =>
  trouble.kind === 'broken' ||
  trouble.kind === 'status' ||
  (trouble.kind === 'unreachable' && trouble.refused !== undefined)

const tokensOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + (part.kind === 'text' || part.kind === 'reasoning' ? part.tokens : 1), 0)
