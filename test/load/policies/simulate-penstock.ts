import type { Lane } from '@penstock/contracts'
import {
  ColleagueLoads,
  FairLine,
  LaneOrder,
  NodeControl,
  NodeLoad,
  PoolPresence,
  PrefixMemory,
  RefusalShares,
  ServiceRates,
  aheadMaxWithin,
  freeSeats,
  jobCost,
  laneTargets,
  placeJob,
  seatsOf,
  tokensFull,
  unknownHealth,
  worthwhileWaitMs,
} from '@penstock/scheduling'
import type { LaneShare, NodeUse, Observation, PoolLoad } from '@penstock/scheduling'
import { BatchingEngine, SyntheticSequence, VirtualClock, defaultFrontEndCost } from '@penstock/vllm-sim'
import type { PerformanceProfile } from '@penstock/vllm-sim'
import type { Outcome } from '../lane-score.ts'
import type { BenchLane, WorkloadRequest } from '../workloads/workload.ts'
import { blockKeys } from './block-keys.ts'

export interface PenstockSimulation {
  readonly nodes: number
  readonly workers: number
  readonly profile: PerformanceProfile
  readonly plan: readonly WorkloadRequest[]
  /** In order of precedence. Default: as configurations have them by default. */
  readonly lanes?: readonly LaneShare<BenchLane>[]
}

const defaultLanes: readonly LaneShare<BenchLane>[] = [
  { name: 'completion', minimumShare: 0 },
  { name: 'interactive', minimumShare: 0.2 },
]
/** Longest waits in the queue, as code completion and chat have them by default, ms. */
const queueMs: Readonly<Record<BenchLane, number>> = { completion: 2000, interactive: 55_000 }
/** What the ingress takes a token of the workloads' text for. */
const estimatedPerToken = 1.8
const beatEveryMs = 500
/** What waits is counted this often, ms. */
const countEveryMs = 250
const pollEveryMs = 250
/** An answer's pace is judged over stretches of so many tokens. */
const stretchTokens = 32
const pool = 'main'
/** After the last arrival everything comes to its end. */
const drainMs = 60_000

interface Asked {
  readonly id: string
  readonly request: WorkloadRequest
  readonly promptTokens: number
  state: 'waiting' | 'running' | 'over'
  leave: () => void
}

interface SimulatedNode {
  readonly name: string
  readonly engine: BatchingEngine
  readonly load: NodeLoad
  readonly control: NodeControl
}

interface SimulatedWorker {
  readonly id: string
  readonly nodes: readonly SimulatedNode[]
  readonly rates: ServiceRates<Lane>
  readonly colleagues: ColleagueLoads
  readonly order: LaneOrder<BenchLane>
  readonly memory: PrefixMemory
}

/**
 * Plays a plan through Penstock's own decisions and simulated engines on a virtual clock: admission, lanes, fair line, limits and
 * placement are the product's, and cost nothing; what services and wires add is left out.
 */
export const simulatePenstock = (options: PenstockSimulation): Outcome[] => {
  const { nodes, workers: workerCount, profile, plan, lanes = defaultLanes } = options
  const clock = new VirtualClock()
  const engines = Array.from(
    { length: nodes },
    () => new BatchingEngine({ profile, frontEnd: defaultFrontEndCost }, { clock }),
  )
  const workers = Array.from({ length: workerCount }, (_, at): SimulatedWorker => ({
    id: `worker-${at}`,
    nodes: engines.map((engine, index) => ({
      name: `node-${index + 1}`,
      engine,
      load: new NodeLoad(),
      control: new NodeControl(),
    })),
    rates: new ServiceRates<Lane>(),
    colleagues: new ColleagueLoads(`worker-${at}`),
    order: new LaneOrder(lanes),
    memory: new PrefixMemory(),
  }))
  const names = workers.map(({ id }) => id)
  const lines: Record<BenchLane, FairLine> = { completion: new FairLine(), interactive: new FairLine() }
  const asked = new Map<string, Asked>()
  const presence = new PoolPresence(0)
  const outcomes: Outcome[] = []
  const ceiling = profile.sequencesMax

  const use = (worker: SimulatedWorker, { load, control }: SimulatedNode): NodeUse => ({
    load,
    control,
    ceiling,
    workers: names,
    self: worker.id,
    targets: laneTargets,
    now: clock.nowMs(),
  })
  const room = (worker: SimulatedWorker): number =>
    worker.nodes.reduce((sum, node) => sum + freeSeats(use(worker, node)), 0)

  const pump = (worker: SimulatedWorker): void => {
    while (room(worker) > 0) {
      const order = worker.order.order()
      const lane = order.find((name) => lines[name].size > 0)
      if (lane === undefined) return
      worker.order.started(lane, order)
      start(worker, asked.get(lines[lane].take()?.id as string) as Asked)
    }
  }
  const pumpAll = (): void => workers.forEach(pump)

  const end = (one: Asked, outcome: Pick<Outcome, 'kind' | 'ttftMs'>): void => {
    one.state = 'over'
    asked.delete(one.id)
    outcomes.push({ request: one.request, endMs: clock.nowMs() - one.request.atMs, ...outcome })
  }

  const choose = (worker: SimulatedWorker, key: string, tokens: number): SimulatedNode => {
    const now = clock.nowMs()
    const choices = worker.nodes.map((node) => ({
      name: node.name,
      inFlight: node.load.inFlight,
      limit: seatsOf(use(worker, node)),
      prefillTokens: node.load.prefillTokens + worker.colleagues.at(node.name, now).prefillTokens,
      cachedTokens: worker.memory.cachedTokens(node.name, key),
      tokensFull: tokensFull(use(worker, node)),
      health: unknownHealth(),
    }))
    const placed = placeJob(choices, { avoidNodes: [], affinity: [key], promptTokens: tokens }, now)
    return (worker.nodes.find(({ name }) => name === placed?.node) ?? worker.nodes[0]) as SimulatedNode
  }

  const start = (worker: SimulatedWorker, one: Asked): void => {
    const { request, promptTokens } = one
    const { lane, session } = request
    const estimate = promptTokens * estimatedPerToken
    const node = choose(worker, session, estimate)
    const startedAt = clock.nowMs()
    worker.rates.started(pool, lane, startedAt)
    one.state = 'running'
    const cachedTokens = worker.memory.cachedTokens(node.name, session)
    const weight = { promptTokens: estimate, cachedTokens, outputTokensMax: request.outputTokens }
    const seat = node.load.take(weight, startedAt)
    worker.memory.sent(node.name, { key: session, tokens: estimate, kvTokens: node.control.kvTokens })
    let firstAt: number | null = null
    let [made, stretchAt, stretchFrom] = [0, 0, 0]
    const observe = (observation: Observation): void =>
      node.control.observe(observation, {
        ownInFlight: node.load.inFlight,
        othersInFlight: worker.colleagues.at(node.name, clock.nowMs()).inFlight,
        workers: names.length,
        ceiling,
        targets: laneTargets,
        now: clock.nowMs(),
      })
    const pace = (): void => {
      const tookMs = clock.nowMs() - stretchAt
      observe({ kind: 'pace', lane, itlMs: tookMs / (made - stretchFrom), tookMs })
      stretchAt = clock.nowMs()
      stretchFrom = made
    }
    const over = (kind: Outcome['kind']): void => {
      node.load.release(seat, kind === 'complete' ? made : null)
      worker.rates.ended(pool, lane, clock.nowMs() - startedAt, clock.nowMs())
      end(one, { kind, ttftMs: firstAt === null ? null : firstAt - request.atMs })
      pumpAll()
    }
    const sequence = new SyntheticSequence({
      promptTokens,
      outputTokens: request.outputTokens,
      parts: blockKeys(request),
      onToken(count) {
        made = count
        if (firstAt === null) {
          firstAt = stretchAt = clock.nowMs()
          stretchFrom = 1
          node.load.decodes(seat, firstAt)
          observe({ kind: 'first-token', lane, tookMs: firstAt - startedAt, tokens: estimate })
          pumpAll()
        } else if (made - stretchFrom >= stretchTokens) pace()
      },
      onEnd(cause) {
        if (firstAt !== null && made - stretchFrom >= 8) pace()
        if (firstAt !== null)
          node.control.prefilled({ tokens: promptTokens - trace.cachedTokens, tookMs: firstAt - startedAt })
        over(cause === 'finished' ? 'complete' : 'failed')
      },
    })
    one.leave = () => {
      node.engine.remove(sequence)
      over('cut')
    }
    const trace = node.engine.submit(sequence)
  }

  const poolLoad = (): PoolLoad => {
    const { slots, freeSlots, fullShare, lanes: rates } = presence.throughput(pool, clock.nowMs())
    return {
      slots,
      freeSlots,
      fullShare,
      lanes: lanes.map(({ name, minimumShare }) => {
        const rate = rates.find(({ lane }) => lane === name)
        return {
          lane: name,
          minimumShare,
          refusedShare: refusals.of(name, clock.nowMs()),
          waiting: counted[name] + added[name],
          runsPerS: rate?.runsPerS ?? 0,
          serviceMs: rate?.serviceMs ?? null,
        }
      }),
    }
  }

  const counted = { completion: 0, interactive: 0 }
  const added = { completion: 0, interactive: 0 }
  const count = (): void => {
    for (const { name } of lanes) {
      counted[name] = lines[name].size
      added[name] = 0
    }
  }

  const beat = (): void => {
    const now = clock.nowMs()
    for (const worker of workers) {
      const message = {
        worker: worker.id as never,
        instance: worker.id,
        draining: false,
        configVersion: 1,
        silentRuns: [],
        pools: [
          {
            pool,
            room: room(worker),
            rates: worker.rates.of(pool, now),
            nodes: worker.nodes.map((node) => ({
              node: node.name,
              state: 'up' as const,
              inFlight: node.load.inFlight,
              prefillTokens: Math.round(node.load.prefillTokens),
              limit: seatsOf(use(worker, node)),
              lastOkAgoMs: 0,
            })),
          },
        ],
      }
      presence.heard(message, now)
      for (const other of workers) other.colleagues.heard(message, now)
    }
  }

  const refusals = new RefusalShares()
  const admit = (request: WorkloadRequest, index: number): void => {
    const { lane } = request
    const promptTokens = request.prompt.reduce((sum, { tokens }) => sum + tokens, 0)
    const waitMaxMs = Math.min(queueMs[lane], worthwhileWaitMs(laneTargets[lane], refusals.of(lane, clock.nowMs())))
    const one: Asked = { id: String(index), request, promptTokens, state: 'waiting', leave: () => undefined }
    const placing = lines[lane].add(
      {
        id: one.id,
        user: String(request.user),
        tenant: 'default',
        cost: jobCost({
          promptTokensEstimate: promptTokens * estimatedPerToken,
          outputTokensMax: request.outputTokens,
        }),
        bytes: promptTokens * 5,
        resumed: false,
        askedAt: request.atMs,
      },
      {
        jobsMax: 2000,
        bytesMax: 2 ** 28,
        perUserMax: 8,
        perTenantMax: Infinity,
        aheadMax: aheadMaxWithin(poolLoad(), lane, waitMaxMs),
      },
    )
    refusals.asked(lane, placing.kind === 'refused', clock.nowMs())
    if (placing.kind === 'refused') {
      outcomes.push({ request, kind: 'refused', ttftMs: null, endMs: 0 })
      return
    }
    added[lane]++
    asked.set(one.id, one)
    const leaves = (kind: 'refused' | 'cut'): void => {
      if (one.state === 'waiting' && lines[lane].remove(one.id)) end(one, { kind, ttftMs: null })
    }
    clock.after(queueMs[lane], () => leaves('refused'))
    if (request.cutAfterMs !== null)
      clock.after(request.cutAfterMs, () => (one.state === 'running' ? one.leave() : leaves('cut')))
    const taker = workers.find(({ id }) => id === presence.nextTaker(pool, clock.nowMs()))
    if (taker !== undefined) pump(taker)
    if (one.state === 'waiting') pumpAll()
  }

  const endsAt = (plan.at(-1)?.atMs ?? 0) + drainMs
  for (let at = 0; at < endsAt; at += beatEveryMs) clock.at(at, beat)
  for (let at = 130; at < endsAt; at += countEveryMs) clock.at(at, count)
  for (let at = 0; at < endsAt; at += pollEveryMs) clock.at(at, pumpAll)
  plan.forEach((request, index) => clock.at(request.atMs, () => admit(request, index)))
  clock.run(endsAt)
  return outcomes
}
