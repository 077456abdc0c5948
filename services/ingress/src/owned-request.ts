import type { Accepted, RequestId } from '@penstock/contracts'
import type { OpenSpan } from '@penstock/runtime'
import type { Intake } from './core/intake.ts'
import type { PartStream } from './core/part-stream.ts'
import type { RequestLife } from './core/request-life.ts'
import type { TrailData, WaitingJob } from './outside.ts'

/** A request that this ingress owns, with everything that belongs to it. */
export interface Owned {
  readonly request: RequestId
  readonly life: RequestLife
  readonly intake: Intake
  readonly parts: PartStream
  readonly span: OpenSpan
  readonly startedAt: number
  firstPartAt: number | null
  accepted: Accepted | null
  /** Settles true once the accepted record is durable. */
  acceptedDurable: Promise<boolean> | null
  /** Settles when the router has answered the attempt under way. */
  submitting: Promise<void>
}

/** How a request went so far, for its end record and its log line. */
export const outcomeOf = (owned: Owned, now: number): TrailData => ({
  attempts: owned.life.attempt,
  duration_ms: Math.round(now - owned.startedAt),
  first_part_ms: owned.firstPartAt === null ? null : Math.round(owned.firstPartAt - owned.startedAt),
  said_tokens: owned.life.saidTokens,
})

export const waitingJob = (owned: Owned, accepted: Accepted, attempt: number): WaitingJob => ({
  request: owned.request,
  attempt,
  accepted,
})
