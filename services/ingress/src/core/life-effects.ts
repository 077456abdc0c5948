import type { EndPart, RequestFailure, RunId, WorkerId } from '@penstock/contracts'
import type { AnswerPart } from './intake.ts'

/** Why a run is told to stop. */
export type EndReason = 'client_gone' | 'superseded' | 'deadline' | 'lost'

/** What the owner of a request must do next. */
export type Effect =
  | {
      kind: 'submit'
      attempt: number
      resumed: boolean
      msLeft: number
      queueMsLeft: number
      avoidNodes: string[]
      /** Why the attempt before it ended; null: it is the first, or the same once more. */
      because: string | null
    }
  | { kind: 'emit'; part: AnswerPart }
  | { kind: 'finish'; end: EndPart }
  | { kind: 'fail'; failure: RequestFailure }
  | { kind: 'withdraw'; attempt: number }
  | { kind: 'cancel-run'; worker: WorkerId; run: RunId; reason: EndReason }
  | { kind: 'resend'; worker: WorkerId; run: RunId; fromSeq: number }

export type ClaimDecision =
  | { kind: 'grant' }
  | { kind: 'wait' }
  | { kind: 'gone'; reason: 'stale_attempt' | 'already_claimed' | 'cancelled' | 'late' }
