import type { ErrorCode } from '@penstock/contracts'
import type { Presence } from './pool-presence.ts'

export type Admission =
  | {
      kind: 'admit'
      /** The request waits for a node to come up, this long at most, ms; null: it waits for its turn. */
      holdMs: number | null
    }
  | { kind: 'refuse'; code: ErrorCode; retryAfterMs?: number }

/** Requests that a pool may hold while it has no node: it is being scaled from zero. */
export interface WaitingRoom {
  readonly jobsMax: number
  readonly holdMs: number
}

export interface AdmissionFacts {
  presence: Presence
  /** Jobs waiting in the lane. */
  depth: number
  depthMax: number
  /** Time left to the start of its run, ms. */
  msLeft: number
  /** Continuations of accepted requests are never shed: the client already reads them. */
  resumed: boolean
  waitingRoom: WaitingRoom | undefined
}

/**
 * Decides at the door, before the store is asked. Overload and short gaps are worth a retry, an outage is not; a pool with a
 * waiting room holds requests instead while no node is up.
 */
export const admit = (facts: AdmissionFacts): Admission => {
  if (facts.resumed) return { kind: 'admit', holdMs: null }
  const full: Admission = { kind: 'refuse', code: 'overloaded', retryAfterMs: 1000 }
  if (facts.msLeft <= 0 || facts.depth >= facts.depthMax) return full
  if (facts.presence === 'serving') return { kind: 'admit', holdMs: null }
  if (facts.waitingRoom !== undefined)
    return facts.depth < facts.waitingRoom.jobsMax ? { kind: 'admit', holdMs: facts.waitingRoom.holdMs } : full
  return facts.presence === 'outage'
    ? { kind: 'refuse', code: 'backend_outage' }
    : { kind: 'refuse', code: 'backend_unavailable', retryAfterMs: 2000 }
}
