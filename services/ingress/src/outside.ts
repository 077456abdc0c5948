import type { Accepted, Envelope, Refused, RequestId, RunId, WorkerId } from '@penstock/contracts'
import type { ParentTrace } from './core/intake.ts'

/** An attempt that waits, or is believed to wait, in a queue. */
export interface WaitingJob {
  request: RequestId
  attempt: number
  accepted: Accepted
}

type CancelReason = 'client_gone' | 'superseded' | 'deadline' | 'fenced' | 'lost'

/** What the desk asks of the services behind the ingress. Every answer may be missing; none is waited for without limit. */
export interface Outside {
  /** False while the bus is away. */
  readonly connected: boolean
  /** Whether who did not answer may do so in a moment: the network is slow, or a frozen server of several about to be left. */
  readonly mayAnswerLate: boolean
  /** Null: no router answered. */
  submit(envelope: Envelope, trace: ParentTrace): Promise<Accepted | Refused | null>
  withdraw(job: WaitingJob): void
  cancelRun(worker: WorkerId, run: RunId, reason: CancelReason): void
  /** Whether the worker knows the run; null: it does not answer. */
  resend(worker: WorkerId, run: RunId, fromSeq: number): Promise<boolean | null>
  /** Tells the other ingresses that a request makes older ones with its key worthless. */
  announceReplacing(request: RequestId, replaceKey: string, askedAt: number): void
  /** Ids of the jobs that no queue holds; null: no router answered. */
  findUnknown(jobs: WaitingJob[]): Promise<Set<string> | null>
}

/** The audit trail as the desk needs it. */
export interface Trail {
  /** Keeps room for a request's end record; false: there is none. */
  reserve(request: RequestId): boolean
  /** Settles when the record is on disk. */
  record(type: TrailType, request: RequestId, correlationId: string, data: TrailData): Promise<void>
  /** Gives back the room of a request that was never accepted. */
  release(request: RequestId): void
}

export type TrailType =
  | 'request.accepted'
  | 'request.refused'
  | 'response.completed'
  | 'response.failed'
  | 'response.client_gone'
  | 'response.cancelled'

/** Bounded facts about a request; never its content. */
export type TrailData = Record<string, string | number | boolean | null>
