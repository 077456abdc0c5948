import { isDeepStrictEqual } from 'node:util'
import type { NodeState } from '@penstock/contracts'
import type { ConfigDocument } from '@penstock/config'
import {
  isEjected,
  nodeAnswered,
  nodeFailed,
  nodeOverloaded,
  nodeShare,
  pickNode,
  unknownHealth,
} from '@penstock/scheduling'
import type { NodeHealth } from '@penstock/scheduling'
import type { Backend } from './backends/backend.ts'
import { openBackend } from './backends/open-backend.ts'
import type { ReadCredential } from './backends/open-backend.ts'

export type NodeConfig = ConfigDocument['nodes'][number]

export interface WorkerNode {
  config: NodeConfig
  readonly backend: Backend
  inFlight: number
  health: NodeHealth
}

/**
 * The nodes that this worker drives, with its own counters and view of their health. A node survives a configuration change
 * that leaves its address, credential and kind; calls under way on a removed node run to their end.
 */
export class NodeSet {
  readonly #readCredential: ReadCredential
  readonly #now: () => number
  #nodes = new Map<string, WorkerNode>()
  #pools = new Map<string, string[]>()

  constructor(readCredential: ReadCredential, now: () => number) {
    this.#readCredential = readCredential
    this.#now = now
  }

  configure(document: ConfigDocument): void {
    const former = this.#nodes
    this.#nodes = new Map(
      document.nodes.map((config) => [config.name, this.#keepOrCreate(former.get(config.name), config)]),
    )
    this.#pools = new Map(document.pools.map((pool) => [pool.name, pool.nodes]))
    for (const [name, node] of former) {
      if (this.#nodes.get(name) !== node && node.inFlight === 0) void node.backend.close()
    }
  }

  get pools(): string[] {
    return [...this.#pools.keys()]
  }

  /** Calls that the pool's nodes can still take from this worker. Ejected nodes count only when there are no others. */
  room(pool: string, workers: readonly string[], self: string): number {
    const now = this.#now()
    const nodes = this.#of(pool)
    const healthy = nodes.filter((node) => !isEjected(node.health, now))
    return (healthy.length > 0 ? healthy : nodes).reduce(
      (room, node) => room + Math.max(0, nodeShare(node.config.inFlightMax, workers, self) - node.inFlight),
      0,
    )
  }

  /** Chooses a node and takes one of its places; the caller gives it back with `release`. Null: the pool has no node. */
  reserve(
    pool: string,
    job: { avoidNodes: readonly string[]; affinity: readonly string[] },
    workers: readonly string[],
    self: string,
  ): WorkerNode | null {
    const nodes = this.#of(pool)
    const choices = nodes.map((node) => ({
      name: node.config.name,
      inFlight: node.inFlight,
      limit: nodeShare(node.config.inFlightMax, workers, self),
      health: node.health,
    }))
    const picked =
      pickNode(choices, job, this.#now()) ?? nodes.toSorted((a, b) => a.inFlight - b.inFlight)[0]?.config.name
    const node = picked === undefined ? undefined : this.#nodes.get(picked)
    if (node === undefined) return null
    node.inFlight += 1
    return node
  }

  release(node: WorkerNode): void {
    node.inFlight -= 1
    if (node.inFlight === 0 && this.#nodes.get(node.config.name) !== node) void node.backend.close()
  }

  /** A node that brings tokens was up just now, whatever becomes of the answer; its failures are not forgiven for it. */
  seenAlive(node: WorkerNode): void {
    node.health = { ...node.health, lastOkAt: this.#now() }
  }

  answered(node: WorkerNode): void {
    node.health = nodeAnswered(node.health, this.#now())
  }

  failed(node: WorkerNode): void {
    node.health = nodeFailed(node.health, this.#now())
  }

  overloaded(node: WorkerNode): void {
    node.health = nodeOverloaded(node.health, this.#now())
  }

  /** Whether the pool has a node beside these that is not ejected. */
  othersLeft(pool: string, tried: readonly string[]): boolean {
    const now = this.#now()
    return this.#of(pool).some((node) => !tried.includes(node.config.name) && !isEjected(node.health, now))
  }

  states(pool: string, workers: readonly string[], self: string): NodeState[] {
    const now = this.#now()
    return this.#of(pool).map(({ config, inFlight, health }) => ({
      node: config.name,
      state: isEjected(health, now) ? 'ejected' : 'up',
      inFlight,
      limit: nodeShare(config.inFlightMax, workers, self),
      lastOkAgoMs: health.lastOkAt === null ? null : Math.round(now - health.lastOkAt),
    }))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.backend.close()))
  }

  #of(pool: string): WorkerNode[] {
    return (this.#pools.get(pool) ?? []).flatMap((name) => this.#nodes.get(name) ?? [])
  }

  #keepOrCreate(former: WorkerNode | undefined, config: NodeConfig): WorkerNode {
    if (former !== undefined && isSameServer(former.config, config)) {
      former.config = config
      return former
    }
    return { config, backend: openBackend(config, this.#readCredential), inFlight: 0, health: unknownHealth() }
  }
}

/** Everything that an adapter is opened with. */
const isSameServer = (one: NodeConfig, other: NodeConfig): boolean =>
  one.url === other.url &&
  one.credential === other.credential &&
  one.profile === other.profile &&
  isDeepStrictEqual(one.backend, other.backend)
