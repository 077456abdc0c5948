import type { Endpoint } from './openai/request.ts'

export type Outcome =
  | 'running'
  | 'finished'
  /** The client closed its connection first. */
  | 'aborted_by_client'
  /** The node stopped and ended the answer with `abort`. */
  | 'aborted_by_node'
  /** A fault ended it. */
  | 'failed'

/** What truly happened to one request. Instants are epoch ms. */
export interface RequestRecord {
  /** X-Request-Id of the client, or the node's own id. */
  readonly id: string
  readonly endpoint: Endpoint
  readonly arrivedAt: number
  readonly firstTokenAt: number | null
  readonly finishedAt: number | null
  readonly promptTokens: number
  /** Tokens made. */
  readonly tokens: number
  readonly outcome: Outcome
  readonly finishReason: string | null
}

export interface RequestTotals {
  readonly arrived: number
  readonly running: number
  readonly finished: number
  readonly abortedByClient: number
  readonly abortedByNode: number
  readonly failed: number
  readonly tokens: number
  /** Tokens of answers that nobody received to the end. */
  readonly wastedTokens: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Requests kept; the oldest is forgotten first. Totals cover all. */
const recordsMax = 10_000

/** The node's own account of its requests: the truth a gateway's bookkeeping is compared with. */
export class RequestLog {
  readonly #records: Mutable<RequestRecord>[] = []
  readonly #totals: Mutable<RequestTotals> = {
    arrived: 0,
    running: 0,
    finished: 0,
    abortedByClient: 0,
    abortedByNode: 0,
    failed: 0,
    tokens: 0,
    wastedTokens: 0,
  }

  open(request: Pick<RequestRecord, 'id' | 'endpoint' | 'arrivedAt' | 'promptTokens'>): OpenRequest {
    const record: Mutable<RequestRecord> = {
      ...request,
      firstTokenAt: null,
      finishedAt: null,
      tokens: 0,
      outcome: 'running',
      finishReason: null,
    }
    this.#records.push(record)
    if (this.#records.length > recordsMax) this.#records.shift()
    this.#totals.arrived++
    this.#totals.running++
    return new OpenRequest(record, this.#totals)
  }

  requests(): RequestRecord[] {
    return this.#records.map((record) => ({ ...record }))
  }

  totals(): RequestTotals {
    return { ...this.#totals }
  }
}

/** A request being written down; closed once. */
export class OpenRequest {
  readonly #record: Mutable<RequestRecord>
  readonly #totals: Mutable<RequestTotals>

  constructor(record: Mutable<RequestRecord>, totals: Mutable<RequestTotals>) {
    this.#record = record
    this.#totals = totals
  }

  get record(): RequestRecord {
    return this.#record
  }

  token(at: number): void {
    this.#record.firstTokenAt ??= at
    this.#record.tokens++
    this.#totals.tokens++
  }

  close(outcome: Exclude<Outcome, 'running'>, finishReason: string | null, at: number): void {
    this.#record.outcome = outcome
    this.#record.finishReason = finishReason
    this.#record.finishedAt = at
    this.#totals.running--
    this.#totals[totalOf[outcome]]++
    if (outcome !== 'finished') this.#totals.wastedTokens += this.#record.tokens
  }
}

const totalOf = {
  finished: 'finished',
  aborted_by_client: 'abortedByClient',
  aborted_by_node: 'abortedByNode',
  failed: 'failed',
} as const
