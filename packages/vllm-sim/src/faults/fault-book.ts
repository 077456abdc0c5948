import type { Fault } from './fault.ts'

export interface ArmedFault {
  readonly fault: Fault
  /** Requests it still strikes. */
  readonly remaining: number
}

/** The faults a node has been told to act out, in order; each request takes at most one. */
export class FaultBook {
  #armed: ArmedFault[] = []

  arm(fault: Fault, count: number): void {
    if (count > 0) this.#armed.push({ fault, remaining: count })
  }

  disarmAll(): void {
    this.#armed = []
  }

  armed(): readonly ArmedFault[] {
    return this.#armed
  }

  /** The fault for the request that just arrived. */
  take(): Fault | undefined {
    const [first, ...others] = this.#armed
    if (first === undefined) return undefined
    this.#armed = first.remaining > 1 ? [{ ...first, remaining: first.remaining - 1 }, ...others] : others
    return first.fault
  }
}
