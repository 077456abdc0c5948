import type { Accepted, Envelope, Go, IngressId, LiveRequest, Refused, RequestId } from '@penstock/contracts'
import type { OpenSpan } from '@penstock/runtime'
import { AttemptStory } from './core/attempt-story.ts'
import type { AnswerPart, Intake } from './core/intake.ts'
import { PartStream } from './core/part-stream.ts'
import { pieceCount } from './core/body-pieces.ts'
import type { Effect } from './core/life-effects.ts'
import type { RequestLife } from './core/request-life.ts'
import type { TrailData, WaitingJob } from './outside.ts'

/** One call that waits for an answer. */
export interface Client {
  readonly request: RequestId
  readonly intake: Intake
  readonly parts: PartStream
  readonly span: OpenSpan
  readonly startedAt: number
  /** Epoch ms. */
  readonly askedAt: number
  firstPartAt: number | null
  /** Settles true once the accepted record is durable. */
  acceptedDurable: Promise<boolean> | null
  /** Who ended it before its answer was out, for the audit log. */
  endedBy: string | null
}

/** A generation that this ingress owns, with everything that belongs to it. */
export interface Owned {
  /** Of the call that it was begun for: what the services behind know it by, also when that call has left. */
  readonly request: RequestId
  readonly life: RequestLife
  readonly intake: Intake
  readonly startedAt: number
  readonly askedAt: number
  /** Calls that wait for it; several when equal ones came together. */
  readonly clients: Set<Client>
  /** What was said, for those who join later; null when none may. */
  readonly said: AnswerPart[] | null
  readonly story: AttemptStory
  readonly span: OpenSpan
  accepted: Accepted | null
  refused: Refused | null
  /** Settles true once an accepted record of it is durable. */
  acceptedDurable: Promise<boolean> | null
  /** Settles when the router has answered the attempt under way. */
  submitting: Promise<void>
}

export const newClient = (known: Pick<Client, 'request' | 'intake' | 'span' | 'startedAt' | 'askedAt'>): Client => ({
  ...known,
  parts: new PartStream(),
  firstPartAt: null,
  acceptedDurable: null,
  endedBy: null,
})

/** A generation begun for this call. */
export const newOwned = ({ request, intake, span, startedAt, askedAt }: Client, life: RequestLife): Owned => ({
  request,
  life,
  intake,
  span,
  startedAt,
  askedAt,
  clients: new Set(),
  said: intake.flightKey === null ? null : [],
  story: new AttemptStory(),
  accepted: null,
  refused: null,
  acceptedDurable: null,
  submitting: Promise.resolve(),
})

/** How a request went so far, for its end record and its log line. */
export const outcomeOf = (owned: Owned, client: Client, now: number): TrailData => ({
  attempts: owned.life.attempt,
  duration_ms: Math.round(now - client.startedAt),
  first_part_ms: client.firstPartAt === null ? null : Math.round(client.firstPartAt - client.startedAt),
  said_tokens: owned.life.saidTokens,
})

export const waitingJob = (owned: Owned, accepted: Accepted, attempt: number): WaitingJob => ({
  request: owned.request,
  attempt,
  accepted,
})

export const liveRequest = (owned: Owned, now: number): LiveRequest => ({
  request: owned.request,
  correlationId: owned.intake.correlationId.slice(0, 255),
  feature: owned.intake.feature,
  principal: owned.intake.principal,
  state: owned.life.stateName,
  attempt: owned.life.attempt,
  ageMs: Math.round(now - owned.startedAt),
  pool: owned.accepted?.pool ?? null,
  lane: owned.accepted?.lane ?? null,
  worker: owned.life.worker,
  saidTokens: owned.life.saidTokens,
  clients: owned.clients.size,
})

/** What the router hears of an attempt. */
export const envelopeOf = (
  { request, intake, askedAt }: Owned,
  { attempt, msLeft, queueMsLeft, resumed, avoidNodes }: Extract<Effect, { kind: 'submit' }>,
  ingress: IngressId,
): Envelope => ({
  request,
  attempt,
  ingress,
  feature: intake.feature,
  model: intake.model,
  principal: intake.principal,
  tenant: intake.tenant,
  askedAt,
  ...(intake.replaceKey === null ? {} : { replaceKey: intake.replaceKey }),
  bodyBytes: intake.body.byteLength,
  promptTokensEstimate: intake.promptTokensEstimate,
  outputTokensMax: intake.outputTokensMax,
  affinity: intake.affinity,
  msLeft,
  queueMsLeft,
  resumed,
  avoidNodes,
})

/** What the run hears that was granted. */
export const goOf = ({ life, intake: { body, domain } }: Owned, now: number): Go => ({
  kind: 'go',
  said: life.said,
  msToFirstByte: life.msToFirstByte(now),
  msToEnd: life.msToEnd(now),
  bodyBytes: body.byteLength,
  pieces: pieceCount(body),
  domain,
})
