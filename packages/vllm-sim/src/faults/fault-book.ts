import type { Clock } from '../clock.ts'
import { downMs, isOfNode } from './fault.ts'
import type { FaultKind, FaultRule, NodeFault } from './fault.ts'

export interface ArmedFault {
  readonly id: number
  readonly fault: FaultRule
  /** Requests it still strikes, or how often it still comes, now included; null: any number. */
  readonly remaining: number | null
  /** Whether its time has come. */
  readonly live: boolean
}

/** What a rule looks at in a request. */
export interface FaultTarget {
  readonly path: string
  readonly id: string
  readonly model: string
  /** The body as text; only asked for by rules that look into it. */
  readonly text: () => string
  readonly stream: boolean
}

/** Acts out what concerns the whole node. What lasts is also told when it is over; meanwhile `active` has it. */
export interface NodeFaultActor {
  begin(fault: NodeFault): void
  end(fault: NodeFault): void
}

interface Entry {
  readonly id: number
  readonly fault: FaultRule
  remaining: number | null
  live: boolean
  /** Timers. */
  readonly cancels: (() => void)[]
}

/** Least time between two times that a fault comes upon the node, ms: the clock moves on in between. */
const pauseMinMs = 1

/** The faults a node has been told to act out, in order; each request takes at most one. */
export class FaultBook {
  readonly #clock: Clock
  readonly #random: () => number
  #entries: Entry[] = []
  #nextId = 1
  actor: NodeFaultActor | undefined

  /** `random`: uniform from 0 to 1, for rules with a probability. */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  arm(fault: FaultRule): number {
    const entry: Entry = { id: this.#nextId++, fault, remaining: fault.count, live: false, cancels: [] }
    this.#entries.push(entry)
    if (fault.afterMs === 0) this.#begin(entry)
    else this.#beginLater(entry, fault.afterMs)
    return entry.id
  }

  /** Takes a rule back, or all of them. Returns whether there was one. */
  disarm(id?: number): boolean {
    const taken = this.#entries.filter((entry) => id === undefined || entry.id === id)
    for (const entry of taken) this.#remove(entry)
    return taken.length > 0
  }

  armed(): ArmedFault[] {
    return this.#entries.map(({ id, fault, remaining, live }) => ({ id, fault, remaining, live }))
  }

  /** The live rule of a kind that concerns the node. */
  active<K extends FaultKind>(kind: K): Extract<FaultRule, { kind: K }> | undefined {
    const entry = this.#entries.find(({ live, fault }) => live && fault.kind === kind)
    return entry?.fault as Extract<FaultRule, { kind: K }> | undefined
  }

  /** The fault for the request that just arrived. */
  take(target: FaultTarget): FaultRule | undefined {
    const entry = this.#entries.find(
      ({ live, fault }) => live && !isOfNode(fault) && matches(fault, target) && this.#random() < fault.probability,
    )
    if (entry !== undefined) this.#count(entry)
    return entry?.fault
  }

  /** Whether a live rule that waits for its occasion strikes at this one. */
  strikes(fault: FaultRule): boolean {
    const entry = this.#entries.find((one) => one.live && one.fault === fault)
    if (entry === undefined || this.#random() >= fault.probability) return false
    this.#count(entry)
    return true
  }

  /** Counts a strike; the last ends the rule. */
  #count(entry: Entry): void {
    if (entry.remaining !== null && --entry.remaining === 0) this.#remove(entry)
  }

  #beginLater(entry: Entry, delayMs: number): void {
    entry.cancels.push(this.#clock.after(delayMs, () => this.#begin(entry)))
  }

  #begin(entry: Entry): void {
    const { fault } = entry
    const comes = isOfNode(fault) && fault.kind !== 'oom'
    if (comes && this.#random() >= fault.probability) return this.#over(entry, 0)
    entry.live = true
    if (comes) this.actor?.begin(fault)
    if (comes && (fault.kind === 'crash' || fault.kind === 'engine_dead')) return this.#over(entry, downMs(fault))
    if (fault.forMs === null) return
    entry.cancels.push(this.#clock.after(fault.forMs, () => (comes ? this.#over(entry, 0) : this.#remove(entry))))
  }

  /** It has come upon the node, or passed by. Once more `afterMs` after so many ms; never when undefined. */
  #over(entry: Entry, awayMs: number | undefined): void {
    this.#end(entry)
    this.#count(entry)
    if (!this.#entries.includes(entry)) return
    if (awayMs === undefined) this.#remove(entry)
    else this.#beginLater(entry, Math.max(pauseMinMs, awayMs + entry.fault.afterMs))
  }

  #end(entry: Entry): void {
    for (const cancel of entry.cancels.splice(0)) cancel()
    const { live, fault } = entry
    entry.live = false
    if (live && isOfNode(fault)) this.actor?.end(fault)
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry)
    this.#end(entry)
  }
}

const matches = ({ match }: FaultRule, target: FaultTarget): boolean =>
  (match.path === undefined || target.path === match.path) &&
  (match.model === undefined || target.model === match.model) &&
  (match.id === undefined || target.id.includes(match.id)) &&
  (match.stream === undefined || target.stream === match.stream) &&
  (match.prompt === undefined || target.text().includes(match.prompt))
