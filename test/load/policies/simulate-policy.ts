import { BatchingEngine, SyntheticSequence, VirtualClock, defaultFrontEndCost } from '@penstock/vllm-sim'
import type { PerformanceProfile } from '@penstock/vllm-sim'
import type { WorkloadRequest } from '../workloads/workload.ts'
import { blockKeys, chainKeys, keyTokens } from './block-keys.ts'
import type { Policy, PolicyNode, PolicyRequest } from './policy.ts'

/** What became of a request on the virtual clock. Instants are ms from its arrival. */
export interface SimulatedOutcome {
  readonly request: WorkloadRequest
  readonly ttftMs: number | null
  readonly endMs: number
  /** All its tokens came; otherwise the client went away first. */
  readonly complete: boolean
  /** The client went away as planned. */
  readonly gaveUp: boolean
}

export interface SimulatedRun {
  readonly outcomes: readonly SimulatedOutcome[]
  /** Prompt tokens that the engines looked up in their prefix caches, and found. */
  readonly queriedTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  /** Until the last answer. */
  readonly spanMs: number
}

export interface SimulationOptions {
  readonly policy: Policy
  readonly nodes: number
  readonly profile: PerformanceProfile
  /** KV blocks of each node. Default: the profile's. */
  readonly kvBlocks?: number
  readonly plan: readonly WorkloadRequest[]
  /** A client that has no first token by then goes away, ms: what GitLab waits. */
  readonly patienceMs: number
}

/** Plays a plan through a policy and simulated engines, without a gateway's or a network's own cost: the best a product with this policy can do. */
export const simulatePolicy = (options: SimulationOptions): SimulatedRun => {
  const { policy, profile, plan, patienceMs } = options
  const clock = new VirtualClock()
  const kvBlocks = options.kvBlocks ?? profile.kvBlocks
  const nodes = Array.from({ length: options.nodes }, (_, index) => new Node(index, profile, kvBlocks, clock))
  const run = policy.start(nodes, prefillRate(profile))
  const waiting = new Set<Asked>()
  const outcomes: SimulatedOutcome[] = []

  const retry = (): void => {
    for (const asked of waiting) if (!send(asked)) return
  }
  const send = (asked: Asked): boolean => {
    const choice = run.place(asked)
    if (choice === 'wait') return false
    waiting.delete(asked)
    const node = nodes[choice.node] as Node
    node.submit(asked, choice.cachedBlocks ?? 0, clock, (ttftMs, complete) => {
      const endMs = clock.nowMs() - asked.request.atMs
      outcomes.push({ request: asked.request, ttftMs, endMs, complete, gaveUp: asked.gaveUp })
      if (waiting.size > 0) retry()
    })
    return true
  }
  for (const request of plan)
    clock.at(request.atMs, () => {
      const keys = blockKeys(request)
      const asked: Asked = { request, keys, chain: chainKeys(keys), leave: null, gaveUp: false }
      const leaves = (afterMs: number, planned: boolean): void =>
        void clock.after(afterMs, () => {
          asked.gaveUp ||= planned
          if (waiting.delete(asked))
            outcomes.push({ request, ttftMs: null, endMs: afterMs, complete: false, gaveUp: planned })
          else asked.leave?.(!planned)
        })
      if (request.cutAfterMs !== null) leaves(request.cutAfterMs, true)
      leaves(patienceMs, false)
      if (waiting.size > 0 || !send(asked)) waiting.add(asked)
    })
  const spanMs = clock.run()
  const counters = nodes.map(({ engine }) => engine.counters())
  const sum = (of: (counter: (typeof counters)[number]) => number): number =>
    counters.reduce((total, counter) => total + of(counter), 0)
  return {
    outcomes,
    spanMs,
    queriedTokens: sum(({ prefixQueryTokens }) => prefixQueryTokens),
    cachedTokens: sum(({ prefixHitTokens }) => prefixHitTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
  }
}

/** With a full budget in every step. */
const prefillRate = ({ linearUsPerToken }: PerformanceProfile): number => 1e6 / linearUsPerToken

interface Asked extends PolicyRequest {
  readonly keys: readonly number[]
  /** The client goes away; with `unlessStarted` only when it has no token yet. */
  leave: ((unlessStarted: boolean) => void) | null
  gaveUp: boolean
}

class Node implements PolicyNode {
  readonly index: number
  readonly blocks: number
  readonly engine: BatchingEngine
  inFlight = 0
  prefillTokens = 0

  constructor(index: number, profile: PerformanceProfile, kvBlocks: number, clock: VirtualClock) {
    this.index = index
    this.blocks = kvBlocks
    this.engine = new BatchingEngine({ profile, kvBlocks, frontEnd: defaultFrontEndCost }, { clock })
  }

  load(): ReturnType<BatchingEngine['load']> {
    return this.engine.load()
  }

  submit(
    asked: Asked,
    cachedBlocks: number,
    clock: VirtualClock,
    onEnd: (ttftMs: number | null, complete: boolean) => void,
  ): void {
    const { request, keys } = asked
    const promptTokens = request.prompt.reduce((sum, { tokens }) => sum + tokens, 0)
    const uncached = promptTokens - cachedBlocks * keyTokens
    let ttftMs: number | null = null
    let over = false
    this.inFlight++
    this.prefillTokens += uncached
    const started = (): void => {
      if (ttftMs !== null) return
      ttftMs = clock.nowMs() - request.atMs
      this.prefillTokens -= uncached
    }
    const end = (complete: boolean): void => {
      if (over) return
      over = true
      this.inFlight--
      if (ttftMs === null) this.prefillTokens -= uncached
      onEnd(ttftMs, complete)
    }
    const sequence = new SyntheticSequence({
      promptTokens,
      outputTokens: request.outputTokens,
      parts: keys,
      onToken: started,
      onEnd: (cause) => end(cause === 'finished'),
    })
    asked.leave = (unlessStarted) => {
      if (over || (unlessStarted && ttftMs !== null)) return
      this.engine.remove(sequence)
      end(false)
    }
    this.engine.submit(sequence)
  }
}
