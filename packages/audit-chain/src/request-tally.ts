import type { AuditRecord } from './record.ts'
import type { LinePlace, ReportProblem, VerifiedRequests } from './verify-report.ts'

/** Ended requests that are remembered, to recognise a second end. Request ids are random, so a late reuse is no accident. */
const endedRemembered = 1_000_000

export const noRequests = (): VerifiedRequests => ({
  accepted: 0,
  refused: 0,
  completed: 0,
  failed: 0,
  clientGone: 0,
  cancelled: 0,
  unknownCrash: 0,
  open: 0,
  missingTerminal: 0,
  duplicateTerminal: 0,
})

const outcomeOf = {
  'response.completed': 'completed',
  'response.failed': 'failed',
  'response.client_gone': 'clientGone',
  'response.cancelled': 'cancelled',
  'response.unknown_crash': 'unknownCrash',
} as const

/** Checks that each of a writer's requests is accepted once and ends once. Counts into `requests`. */
export class RequestTally {
  readonly #requests: VerifiedRequests
  readonly #report: ReportProblem
  readonly #open = new Map<string, { readonly record: AuditRecord; readonly place: LinePlace }>()
  readonly #ended = new Set<string>()

  constructor(requests: VerifiedRequests, report: ReportProblem) {
    this.#requests = requests
    this.#report = report
  }

  take(record: AuditRecord, place: LinePlace): void {
    switch (record.type) {
      case 'request.accepted':
        this.#accepted(record, place)
        break
      case 'request.refused':
        this.#requests.refused += 1
        break
      case 'writer.started':
        this.#started()
        break
      case 'response.completed':
      case 'response.failed':
      case 'response.client_gone':
      case 'response.cancelled':
      case 'response.unknown_crash':
        this.#requests[outcomeOf[record.type]] += 1
        this.#end(record, place)
    }
  }

  /** What is open when the records end is not wrong. */
  finish(): void {
    this.#requests.open += this.#open.size
  }

  #accepted(record: AuditRecord, place: LinePlace): void {
    this.#requests.accepted += 1
    const id = record.requestId ?? ''
    if (this.#open.has(id) || this.#ended.has(id)) {
      this.#problem('accepted_twice', record, place, `request ${id} is accepted a second time`)
    }
    this.#open.set(id, { record, place })
  }

  #end(record: AuditRecord, place: LinePlace): void {
    const id = record.requestId ?? ''
    if (this.#open.delete(id)) {
      this.#ended.add(id)
      if (this.#ended.size > endedRemembered) {
        for (const oldest of this.#ended) {
          this.#ended.delete(oldest)
          break
        }
      }
    } else if (this.#ended.has(id)) {
      this.#requests.duplicateTerminal += 1
      this.#problem('duplicate_terminal', record, place, `request ${id} ends a second time`)
    } else {
      this.#problem('terminal_without_accepted', record, place, `request ${id} ends but was not accepted`)
    }
  }

  /** A writer ends all that its former life left open before it says that it started. */
  #started(): void {
    for (const [id, { record, place }] of this.#open) {
      this.#requests.missingTerminal += 1
      this.#problem('missing_terminal', record, place, `request ${id} is accepted and never ends`)
    }
    this.#open.clear()
  }

  #problem(kind: Parameters<ReportProblem>[0]['kind'], record: AuditRecord, place: LinePlace, message: string): void {
    this.#report({ writerId: record.writerId, seq: record.seq, ...place, kind, message })
  }
}
