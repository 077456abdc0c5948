import type { Lane, WorkerBeat, WorkerId } from '@penstock/contracts'
import type { LaneRate } from './service-rates.ts'

/** A worker unheard for this long no longer counts: four missed beats. */
const presentMs = 2000
/** A pool without a healthy node or worker for this long is an outage; before, it is a gap worth a retry (contract §7.5). */
const outageMs = 30_000
/** How fast former fullness is forgotten, ms. */
const fullMemoryMs = 1000

export type Presence = 'serving' | 'gap' | 'outage'

interface Heard {
  beat: WorkerBeat
  at: number
  /** Jobs it was asked to take since. */
  asked: number
}

/** Who serves which pool, from the workers' beats. Instants are one monotonic clock, in ms. */
export class PoolPresence {
  readonly #beats = new Map<string, Heard>()
  readonly #healthyAt = new Map<string, number>()
  readonly #full = new Map<string, { share: number; at: number }>()
  readonly #startedAt: number

  constructor(now: number) {
    this.#startedAt = now
  }

  heard(beat: WorkerBeat, now: number): void {
    for (const [worker, known] of this.#beats) {
      if (now - known.at > outageMs || (known.beat.instance === beat.instance && worker !== beat.worker))
        this.#beats.delete(worker)
    }
    this.#beats.set(beat.worker, { beat, at: now, asked: 0 })
    for (const { pool, nodes } of beat.pools) {
      this.#noteFullness(pool, now)
      if (!beat.draining && nodes.some((node) => node.state === 'up')) this.#healthyAt.set(pool, now)
    }
  }

  /** Workers that serve a pool and take new work. */
  workersOf(pool: string, now: number): string[] {
    const present: string[] = []
    for (const [worker, { beat, at }] of this.#beats) {
      if (now - at <= presentMs && !beat.draining && beat.pools.some((served) => served.pool === pool))
        present.push(worker)
    }
    return present
  }

  /** The worker to ask to take the next job: the one with the most room left since its beat. Null: nobody has room for sure. */
  nextTaker(pool: string, now: number): WorkerId | null {
    let best: Heard | null = null
    let bestRoom = 0
    for (const heard of this.#beats.values()) {
      if (now - heard.at > presentMs || heard.beat.draining) continue
      const room = (heard.beat.pools.find((served) => served.pool === pool)?.room ?? 0) - heard.asked
      if (room > bestRoom) [best, bestRoom] = [heard, room]
    }
    if (best !== null) best.asked += 1
    return best?.beat.worker ?? null
  }

  /** What the present workers can take of the pool's work, and at what rate they do. */
  throughput(
    pool: string,
    now: number,
  ): {
    slots: number
    freeSlots: number
    fullShare: number
    inFlight: number
    nodesUp: number
    lanes: LaneRate<Lane>[]
  } {
    const sum = { slots: 0, freeSlots: 0, inFlight: 0 }
    const nodesUp = new Set<string>()
    const lanes = new Map<Lane, { runsPerS: number; heldMs: number }>()
    for (const { beat, at, asked } of this.#beats.values()) {
      const served = beat.pools.find((each) => each.pool === pool)
      if (served === undefined || now - at > presentMs) continue
      for (const node of served.nodes) {
        sum.inFlight += node.inFlight
        if (node.state !== 'up' || beat.draining) continue
        nodesUp.add(node.node)
        sum.slots += node.limit
      }
      if (!beat.draining) sum.freeSlots += Math.max(0, served.room - asked)
      for (const { lane, runsPerS, serviceMs } of served.rates ?? []) {
        const all = lanes.get(lane) ?? { runsPerS: 0, heldMs: 0 }
        // A worker that was idle for long still knows how long a run takes.
        const weight = runsPerS + 1e-6
        lanes.set(lane, { runsPerS: all.runsPerS + weight, heldMs: all.heldMs + weight * serviceMs })
      }
    }
    return {
      ...sum,
      fullShare: this.#full.get(pool)?.share ?? 0,
      nodesUp: nodesUp.size,
      lanes: [...lanes].map(([lane, { runsPerS, heldMs }]) => ({ lane, runsPerS, serviceMs: heldMs / runsPerS })),
    }
  }

  /** Judged at each beat by what all workers last said. */
  #noteFullness(pool: string, now: number): void {
    let room = 0
    for (const { beat, at } of this.#beats.values())
      if (now - at <= presentMs) room += beat.pools.find((served) => served.pool === pool)?.room ?? 0
    const { share, at } = this.#full.get(pool) ?? { share: 0, at: now }
    const weight = 1 - Math.exp((at - now) / fullMemoryMs)
    this.#full.set(pool, { share: share + weight * ((room === 0 ? 1 : 0) - share), at: now })
  }

  /** Whether a request for the pool has a chance just now. */
  presence(pool: string, now: number): Presence {
    const healthyAt = this.#healthyAt.get(pool) ?? this.#startedAt - presentMs - 1
    if (now - healthyAt > outageMs) return 'outage'
    return now - healthyAt <= presentMs ? 'serving' : 'gap'
  }
}
