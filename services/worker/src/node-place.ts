import type { Lane } from '@penstock/contracts'
import type { Observation, PlaceReason, Seat } from '@penstock/scheduling'
import type { WorkerNode } from './worker-node.ts'

/** An answer's pace is judged over stretches: a single gap is one prefill of somebody else's. */
const stretchTokens = 32

export interface NodePlaceDependencies {
  now: () => number
  observe: (node: WorkerNode, observation: Observation) => void
  /** A prompt is computed: another may follow it. */
  prefilled: () => void
}

/** A job's place at a node, held from the choice to the end of the run. Tells the node's counters and limits how the call goes. */
export class NodePlace {
  readonly node: WorkerNode
  readonly reason: PlaceReason
  readonly #lane: Lane
  readonly #seat: Seat
  /** Prompt tokens that waited for their prefill when this place was taken. */
  readonly #tokensAhead: number
  readonly #deps: NodePlaceDependencies
  #calledAt: number
  #firstAt: number | null = null
  #tokens = 0
  #stretchAt = 0
  #stretchFrom = 0

  constructor(
    chosen: { node: WorkerNode; reason: PlaceReason; lane: Lane; seat: Seat; tokensAhead: number },
    dependencies: NodePlaceDependencies,
  ) {
    this.node = chosen.node
    this.reason = chosen.reason
    this.#lane = chosen.lane
    this.#seat = chosen.seat
    this.#tokensAhead = chosen.tokensAhead
    this.#deps = dependencies
    this.#calledAt = dependencies.now()
  }

  /** The call leaves. Returns how long its first token may take, ms: three times the estimate and a grace. */
  called(): number {
    this.#calledAt = this.#deps.now()
    const { overdueMs, withinMs } = this.node.control.firstTokenWithinMs(this.#tokensAhead, this.#seat.promptTokens)
    this.node.load.called(this.#seat, this.#calledAt + overdueMs)
    return withinMs
  }

  /** Bytes came, with so many tokens of the answer. */
  heard(tokens: number): void {
    const now = this.#deps.now()
    if (this.#firstAt === null) {
      if (tokens > 0) this.#first(now)
      return
    }
    this.node.load.heard(now)
    this.#tokens += tokens
    if (this.#tokens - this.#stretchFrom >= stretchTokens) this.#pace(now)
  }

  /** The answer came to its end. `toldTokens`: of the prompt without cached ones, when the node told. */
  ended(toldTokens: number | null): void {
    const now = this.#deps.now()
    if (this.#firstAt !== null && this.#tokens - this.#stretchFrom >= 8) this.#pace(now)
    const { promptTokens, uncachedTokens } = this.#seat
    // At a home to which this worker had sent nothing of it others may have: then nobody knows what was computed.
    const isUnknown = this.reason === 'affinity' && uncachedTokens === promptTokens
    const tokens = toldTokens ?? (isUnknown ? null : uncachedTokens)
    if (this.#firstAt !== null && tokens !== null && this.node.prefillsInTurn)
      this.node.control.prefilled({ tokens, tookMs: this.#firstAt - this.#calledAt })
    this.node.load.release(this.#seat, this.#tokens)
  }

  /** Gives the place back; after `ended` nothing more happens. */
  release(): void {
    this.node.load.release(this.#seat, null)
  }

  #first(now: number): void {
    this.#firstAt = now
    this.#stretchAt = now
    this.#tokens = 1
    this.#stretchFrom = 1
    this.node.load.decodes(this.#seat, now)
    this.#deps.observe(this.node, {
      kind: 'first-token',
      lane: this.#lane,
      tookMs: now - this.#calledAt,
      tokens: this.#seat.promptTokens,
    })
    this.#deps.prefilled()
  }

  #pace(now: number): void {
    const tookMs = now - this.#stretchAt
    const itlMs = tookMs / (this.#tokens - this.#stretchFrom)
    this.#stretchAt = now
    this.#stretchFrom = this.#tokens
    this.#deps.observe(this.node, { kind: 'pace', lane: this.#lane, itlMs, tookMs })
  }
}
