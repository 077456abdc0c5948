import type { ErrorCode } from '@penstock/contracts'
import type { Presence } from './pool-presence.ts'

export type Admission = { kind: 'admit' } | { kind: 'refuse'; code: ErrorCode; retryAfterMs?: number }

export interface AdmissionFacts {
  presence: Presence
  /** Jobs waiting in the lane. */
  depth: number
  depthMax: number
  /** Time left to the first byte, ms. */
  msLeft: number
  /** Continuations of accepted requests are never shed: the client already reads them. */
  resumed: boolean
}

/** Decides at the door, before anything is queued. Overload and short gaps are worth a retry, an outage is not. */
export const admit = (facts: AdmissionFacts): Admission => {
  if (facts.resumed) return { kind: 'admit' }
  if (facts.presence === 'outage') return { kind: 'refuse', code: 'backend_outage' }
  if (facts.presence === 'gap') return { kind: 'refuse', code: 'backend_unavailable', retryAfterMs: 2000 }
  if (facts.msLeft <= 0 || facts.depth >= facts.depthMax)
    return { kind: 'refuse', code: 'overloaded', retryAfterMs: 1000 }
  return { kind: 'admit' }
}
