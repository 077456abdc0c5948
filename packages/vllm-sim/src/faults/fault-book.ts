import type { Clock } from '../clock.ts'
import { isOfNode } from './fault.ts'
import type { FaultKind, FaultRule, NodeFault } from './fault.ts'

export interface ArmedFault {
  readonly id: number
  readonly fault: FaultRule
  /** Requests it still strikes; null: any number. */
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

/** Acts out what concerns the whole node. */
export interface NodeFaultActor {
  begin(fault: NodeFault): void
  end(fault: NodeFault): void
}

interface Entry {
  readonly id: number
  readonly fault: FaultRule
  remaining: number | null
  live: boolean
  readonly cancels: (() => void)[]
}

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
    else entry.cancels.push(this.#clock.after(fault.afterMs, () => this.#begin(entry)))
    return entry.id
  }

  /** Takes a rule back, or all of them. Returns whether there was one. */
  disarm(id?: number): boolean {
    const taken = this.#entries.filter((entry) => id === undefined || entry.id === id)
    for (const entry of taken) this.#end(entry)
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
    if (entry?.remaining != null && --entry.remaining === 0) this.#end(entry)
    return entry?.fault
  }

  #begin(entry: Entry): void {
    entry.live = true
    const { fault } = entry
    if (fault.forMs !== null) entry.cancels.push(this.#clock.after(fault.forMs, () => this.#end(entry)))
    if (isOfNode(fault)) this.actor?.begin(fault)
  }

  #end(entry: Entry): void {
    if (!this.#entries.includes(entry)) return
    this.#entries = this.#entries.filter((other) => other !== entry)
    for (const cancel of entry.cancels) cancel()
    if (entry.live && isOfNode(entry.fault)) this.actor?.end(entry.fault)
  }
}

const matches = ({ match }: FaultRule, target: FaultTarget): boolean =>
  (match.path === undefined || target.path === match.path) &&
  (match.model === undefined || target.model === match.model) &&
  (match.id === undefined || target.id.includes(match.id)) &&
  (match.stream === undefined || target.stream === match.stream) &&
  (match.prompt === undefined || target.text().includes(match.prompt))
