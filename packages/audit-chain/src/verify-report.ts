/** What is wrong with an archive. FORMAT.md says how each is recognised. */
export type ProblemKind =
  | 'malformed'
  | 'edited'
  | 'removed'
  | 'reordered'
  | 'inserted'
  | 'truncated'
  | 'root_mismatch'
  | 'bad_checkpoint'
  | 'bad_signature'
  | 'accepted_twice'
  | 'missing_terminal'
  | 'duplicate_terminal'
  | 'terminal_without_accepted'

export interface VerifyProblem {
  readonly writerId: string
  /** Record that it is about. Absent for checkpoints. */
  readonly seq?: number
  /** Path below the archive's folder, and line from 1, where it shows. */
  readonly file: string
  readonly line: number
  readonly kind: ProblemKind
  readonly message: string
}

export interface VerifiedWriter {
  readonly writerId: string
  readonly records: number
  /** -1 when there are no records. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly checkpoints: number
  /** Records under the last checkpoint. Those behind it have only the chain to prove them. */
  readonly signedRecords: number
}

export interface VerifiedRequests {
  accepted: number
  refused: number
  completed: number
  failed: number
  clientGone: number
  cancelled: number
  unknownCrash: number
  /** Accepted in the writer's current life, not ended: under way, or the writer is down. */
  open: number
  missingTerminal: number
  duplicateTerminal: number
}

export interface VerifyReport {
  readonly ok: boolean
  /** `archive`: the key lay in the folder that was verified, so whoever could write there could have signed anew. */
  readonly keySource: 'given' | 'archive'
  readonly writers: readonly VerifiedWriter[]
  readonly requests: Readonly<VerifiedRequests>
  /** In the order of each writer's records, the first bad one first. */
  readonly problems: readonly VerifyProblem[]
  /** Problems beyond the number that was asked for. */
  readonly problemsLeftOut: number
}

/** Where a line stands. */
export interface LinePlace {
  readonly file: string
  readonly line: number
}

/** Takes a problem as it is found. */
export type ReportProblem = (problem: VerifyProblem) => void

/** Gathers at most `max` problems; a damaged archive can have one per line. */
export class ProblemList {
  readonly #max: number
  readonly problems: VerifyProblem[] = []
  leftOut = 0

  constructor(max: number) {
    this.#max = max
  }

  add(problem: VerifyProblem): void {
    if (this.problems.length < this.#max) this.problems.push(problem)
    else this.leftOut += 1
  }
}
