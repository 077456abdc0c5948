import { isDeepStrictEqual } from 'node:util'
import type { Job, Lane, NodeState } from '@penstock/contracts'
import type { ConfigDocument } from '@penstock/config'
import {
  freeSeats,
  isEjected,
  laneTargets,
  laneTargetsOf,
  nodeAnswered,
  nodeFailed,
  nodeOverloaded,
  placeJob,
  PrefixMemory,
  probeFailed,
  seatsOf,
  tokensFull,
} from '@penstock/scheduling'
import type {
  LaneTarget,
  NodeAddress,
  NodeChoice,
  NodeHealth,
  NodeUse,
  Observation,
  OthersAt,
  PlaceReason,
} from '@penstock/scheduling'
import { openBackend } from './backends/open-backend.ts'
import type { ReadCredential } from './backends/open-backend.ts'
import { expandNodes } from './core/expand-nodes.ts'
import type { NodeSpec } from './core/expand-nodes.ts'
import { NodePlace } from './node-place.ts'
import { WorkerNode } from './worker-node.ts'

export interface NodeSetDependencies {
  self: string
  readCredential: ReadCredential
  /** Live workers of a pool that take work. */
  workersOf: (pool: string) => readonly string[]
  /** What the other workers have at a node. */
  othersAt: (node: string) => OthersAt
  /** A node may have room that it had not, though no call has ended. */
  roomMade: () => void
  now: () => number
}

/** The parts of a job that its place depends on. */
export type PlacedJob = Pick<
  Job,
  'pool' | 'lane' | 'model' | 'avoidNodes' | 'affinity' | 'promptTokensEstimate' | 'outputTokensMax'
>

type Targets = Readonly<Record<Lane, LaneTarget>>

interface Pool {
  /** Names of its nodes. */
  readonly nodes: readonly string[]
  readonly paused: boolean
  /** Requests wait while no node is well, instead of trying one that is not. */
  readonly holds: boolean
  readonly targets: Targets
}

/** A model that is a LoRA adapter. */
interface Adapter {
  readonly name: string
  readonly servedName: string
  readonly nodes: number
  readonly onDemand: boolean
}

/**
 * The nodes that this worker drives, with its own counters and view of their health. A node survives a configuration change
 * that leaves its address, credential and kind; calls under way on a removed node run to their end. One that left DNS drains: it
 * stays until its last run has ended.
 */
export class NodeSet {
  readonly #deps: NodeSetDependencies
  readonly #memory = new PrefixMemory()
  #nodes = new Map<string, WorkerNode>()
  #pools = new Map<string, Pool>()
  #adapters = new Map<string, Adapter>()
  #entries: ConfigDocument['nodes'] = []
  #configured: ConfigDocument['pools'] = []
  #addresses: ReadonlyMap<string, readonly NodeAddress[]> = new Map()

  constructor(dependencies: NodeSetDependencies) {
    this.#deps = dependencies
  }

  /** `addresses`: what DNS says of the entries that are to be found there. */
  configure(document: ConfigDocument, addresses: ReadonlyMap<string, readonly NodeAddress[]> = new Map()): void {
    this.#entries = document.nodes
    this.#configured = document.pools
    this.#addresses = addresses
    this.#adapters = new Map(
      document.models.flatMap(({ name, servedName, lora }) =>
        lora === undefined ? [] : [[name, { ...lora, name, servedName }]],
      ),
    )
    this.#gather()
  }

  /** The nodes of the document, those that drain, and which pool has which. */
  #gather(): void {
    const former = this.#nodes
    const specs = expandNodes(this.#entries, this.#addresses)
    this.#nodes = new Map(specs.map((spec) => [spec.name, this.#keepOrCreate(former.get(spec.name), spec)]))
    for (const [name, node] of former) {
      if (this.#nodes.get(name) === node) continue
      this.#memory.forget(name)
      if (node.load.inFlight === 0) void node.close()
      else if (!this.#nodes.has(name) && isFoundBy(this.#entries, node)) this.#nodes.set(name, this.#drained(node))
    }
    const bySource = Map.groupBy(this.#nodes.values(), ({ config }) => config.source)
    this.#pools = new Map(
      this.#configured.map(({ name, nodes, mode, lanes, waitingRoom }) => [
        name,
        {
          nodes: nodes.flatMap((source) => (bySource.get(source) ?? []).map(({ config }) => config.name)),
          paused: mode === 'paused',
          holds: waitingRoom !== undefined,
          targets: laneTargetsOf(lanes),
        },
      ]),
    )
  }

  get pools(): string[] {
    return [...this.#pools.keys()]
  }

  get all(): Iterable<WorkerNode> {
    return this.#nodes.values()
  }

  /**
   * Calls that the pool's nodes can still take from this worker. Ejected nodes count only when there are no others, and the pool has no
   * waiting room: it keeps what comes until a node is well. A sleeping node would keep its calls for as long as it sleeps.
   */
  room(pool: string): number {
    const found = this.#pools.get(pool)
    if (found === undefined || found.paused) return 0
    const now = this.#deps.now()
    const nodes = this.#takingWork(pool)
    const prompt = nodes.filter((node) => !isOut(node, now))
    const well = nodes.filter(({ health }) => !isEjected(health, now))
    const workers = this.#deps.workersOf(pool)
    const lastResort = found.holds ? [] : nodes.filter(({ health }) => health.unfit !== 'asleep')
    const usable = [prompt, well].find(({ length }) => length > 0) ?? lastResort
    return usable.reduce((room, node) => room + freeSeats(this.#use(node, found.targets, workers)), 0)
  }

  /** Whether there is any `room`: mostly the first node that is well tells, however many there are. */
  hasRoom(pool: string): boolean {
    const found = this.#pools.get(pool)
    if (found === undefined || found.paused) return false
    const now = this.#deps.now()
    const workers = this.#deps.workersOf(pool)
    for (const name of found.nodes) {
      const node = this.#nodes.get(name)
      if (node === undefined || node.config.mode !== 'active' || isOut(node, now)) continue
      if (freeSeats(this.#use(node, found.targets, workers)) > 0) return true
    }
    return this.room(pool) > 0
  }

  /**
   * Chooses a node and takes one of its places; the caller gives it back with `release`. A job that was taken finds a place even when
   * the room it was taken for has gone since. Null: the pool has no node that takes work.
   */
  reserve(job: PlacedJob): NodePlace | null {
    const pool = this.#pools.get(job.pool)
    if (pool === undefined) return null
    const now = this.#deps.now()
    const workers = this.#deps.workersOf(job.pool)
    const nodes = this.#takingWork(job.pool)
    const awake = nodes.filter(({ health }) => health.unfit !== 'asleep')
    const lora = this.#adapters.get(job.model)
    const holders = holdersOf(lora, awake.length > 0 ? awake : nodes)
    // One call more at a node that is well is better than one at a node that is not.
    const well = holders.filter(({ health }) => !isEjected(health, now))
    const choices = (well.length > 0 ? well : holders).map((node) => this.#choice(node, job, pool.targets, workers))
    const placed = placeJob(choices, { ...job, promptTokens: job.promptTokensEstimate, lora }, now)
    const name = placed?.node ?? choices.toSorted((a, b) => a.inFlight - b.inFlight)[0]?.name
    const node = this.#nodes.get(name ?? '')
    return node === undefined ? null : this.#seat(node, placed?.reason ?? 'last-resort', job)
  }

  /** Gives a place back; the connections of a node that left the configuration go with its last call. */
  release(place: NodePlace): void {
    place.release()
    const { node } = place
    if (node.load.inFlight > 0) return
    if (this.#nodes.get(node.config.name) !== node) void node.close()
    else if (node.left) this.#gather()
  }

  /** A node that brings tokens was up just now, whatever becomes of the answer; its failures are not forgiven for it. */
  seenAlive(node: WorkerNode): void {
    node.health = { ...node.health, lastOkAt: this.#deps.now() }
  }

  answered(node: WorkerNode): void {
    node.health = nodeAnswered(node.health, this.#deps.now())
  }

  failed(node: WorkerNode): void {
    node.health = nodeFailed(node.health, this.#deps.now())
  }

  probeFailed(node: WorkerNode): void {
    node.health = probeFailed(node.health, this.#deps.now())
  }

  /** A node that cannot be probed gets work again and has to prove itself by it. */
  letIn(node: WorkerNode): void {
    node.health = { ...node.health, probeAt: null }
  }

  overloaded(node: WorkerNode): void {
    node.health = nodeOverloaded(node.health, this.#deps.now())
  }

  /** What the node said of itself: whether it can serve at all. */
  judged(node: WorkerNode, unfit: NodeHealth['unfit']): void {
    node.health = { ...node.health, unfit }
  }

  /** Whether the pool has a node beside these that is not ejected. */
  othersLeft(pool: string, tried: readonly string[]): boolean {
    const now = this.#deps.now()
    return this.#takingWork(pool).some((node) => !tried.includes(node.config.name) && !isOut(node, now))
  }

  /** When a node of the pool last answered well; null: none ever has. A gap of the pool is told from an outage by it. */
  lastOkAt(pool: string): number | null {
    const instants = this.#of(pool).flatMap(({ health }) => health.lastOkAt ?? [])
    return instants.length === 0 ? null : Math.max(...instants)
  }

  states(pool: string): NodeState[] {
    const now = this.#deps.now()
    const workers = this.#deps.workersOf(pool)
    const targets = this.#pools.get(pool)?.targets ?? laneTargets
    return this.#of(pool).map((node) => ({
      node: node.config.name,
      state: stateOf(node, now),
      inFlight: node.load.inFlight,
      prefillTokens: node.load.prefillTokens,
      limit: seatsOf(this.#use(node, targets, workers)),
      lastOkAgoMs: node.health.lastOkAt === null ? null : Math.round(now - node.health.lastOkAt),
    }))
  }

  /** The node's process is another one: nothing learned of it holds, and its cache is cold. */
  restarted(node: WorkerNode): void {
    node.control.forget()
    this.#memory.forget(node.config.name)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.close()))
  }

  #of(pool: string): WorkerNode[] {
    return (this.#pools.get(pool)?.nodes ?? []).flatMap((name) => this.#nodes.get(name) ?? [])
  }

  #takingWork(pool: string): WorkerNode[] {
    return this.#of(pool).filter((node) => node.config.mode === 'active')
  }

  #use({ load, control, config }: WorkerNode, targets: Targets, workers: readonly string[]): NodeUse {
    const { self, now } = this.#deps
    return { load, control, ceiling: config.inFlightMax, workers, self, targets, now: now() }
  }

  #choice(node: WorkerNode, job: PlacedJob, targets: Targets, workers: readonly string[]): NodeChoice {
    const use = this.#use(node, targets, workers)
    return {
      name: node.config.name,
      inFlight: node.load.inFlight,
      limit: seatsOf(use),
      prefillTokens: node.load.prefillTokens + this.#deps.othersAt(node.config.name).prefillTokens,
      cachedTokens: this.#cachedTokens(node, job),
      tokensFull: tokensFull(use),
      health: healthOf(node, this.#deps.now()),
    }
  }

  /** Tokens of the job's prompt that this worker sent there before. */
  #cachedTokens(node: WorkerNode, { affinity: [key] }: PlacedJob): number {
    return key === undefined ? 0 : this.#memory.cachedTokens(node.config.name, key)
  }

  #seat(node: WorkerNode, reason: PlaceReason, job: PlacedJob): NodePlace {
    const { now } = this.#deps
    const tokensAhead = node.load.prefillTokens + this.#deps.othersAt(node.config.name).prefillTokens
    const { promptTokensEstimate: promptTokens, outputTokensMax } = job
    const seat = node.load.take({ promptTokens, cachedTokens: this.#cachedTokens(node, job), outputTokensMax }, now())
    this.#remember(node, job)
    const targets = this.#pools.get(job.pool)?.targets ?? laneTargets
    return new NodePlace(
      { node, reason, lane: job.lane, seat, tokensAhead },
      {
        now,
        observe: (observed, observation) => this.#observe(observed, observation, targets, job.pool),
        prefilled: this.#deps.roomMade,
      },
    )
  }

  #remember({ config, control }: WorkerNode, { affinity: [key], promptTokensEstimate: tokens }: PlacedJob): void {
    if (key !== undefined) this.#memory.sent(config.name, { key, tokens, kvTokens: control.kvTokens })
  }

  #observe(node: WorkerNode, observation: Observation, targets: Targets, pool: string): void {
    node.control.observe(observation, {
      ownInFlight: node.load.inFlight,
      othersInFlight: this.#deps.othersAt(node.config.name).inFlight,
      workers: this.#deps.workersOf(pool).length,
      ceiling: node.config.inFlightMax,
      targets,
      now: this.#deps.now(),
    })
  }

  #keepOrCreate(former: WorkerNode | undefined, config: NodeSpec): WorkerNode {
    const kept = former !== undefined && isSameServer(former.config, config) ? former : null
    const node = kept ?? this.#open(config)
    node.config = config
    node.left = false
    node.drainingSince = config.mode === 'draining' ? (node.drainingSince ?? this.#deps.now()) : null
    return node
  }

  /** Gone from DNS with runs under way: what an operator's drain does. */
  #drained(node: WorkerNode): WorkerNode {
    node.left = true
    node.config = { ...node.config, mode: 'draining' }
    node.drainingSince ??= this.#deps.now()
    return node
  }

  #open(config: NodeSpec): WorkerNode {
    const { readCredential, now } = this.#deps
    const credential = config.credential === undefined ? null : readCredential(config.credential)
    return new WorkerNode(config, openBackend(config, readCredential), credential, now())
  }
}

/** Everything that an adapter is opened with. */
const isSameServer = (one: NodeSpec, other: NodeSpec): boolean =>
  one.url === other.url &&
  one.credential === other.credential &&
  one.profile === other.profile &&
  isDeepStrictEqual(one.backend, other.backend) &&
  isDeepStrictEqual(one.networks, other.networks)

/** The nodes that may be asked for a model: of an adapter those that list it, all while none is known to. Others would answer 404. */
const holdersOf = (adapter: Adapter | undefined, nodes: readonly WorkerNode[]): readonly WorkerNode[] => {
  if (adapter === undefined || adapter.onDemand) return nodes
  const holders = nodes.filter(({ models }) => models?.servesAll([adapter.servedName]) ?? false)
  return holders.length > 0 ? holders : nodes
}

/** Whether one of the entries is what discovered the node. */
const isFoundBy = (entries: ConfigDocument['nodes'], { config }: WorkerNode): boolean =>
  config.address !== null && entries.some(({ name, discover }) => name === config.source && discover !== undefined)

/**
 * A node that owes a first token is given nothing while others bring theirs: until its clock runs out (seconds), all that is sent to
 * a node that has died in silence would wait there.
 */
const healthOf = ({ health, load }: WorkerNode, now: number): NodeHealth =>
  load.isOverdue(now) ? { ...health, restsUntil: Number.POSITIVE_INFINITY } : health

const isOut = (node: WorkerNode, now: number): boolean => isEjected(healthOf(node, now), now)

const stateOf = ({ config, health }: WorkerNode, now: number): NodeState['state'] => {
  if (config.mode !== 'active') return config.mode
  if (health.unfit !== null) return health.unfit
  return isEjected(health, now) ? 'ejected' : 'up'
}
