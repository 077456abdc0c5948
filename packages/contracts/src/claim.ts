import { z } from 'zod'
import { Attempt, NodeName, RequestId, RunId, WorkerId } from './ids.ts'
import { defineRequest } from './message.ts'

/** Bodies travel in numbered pieces of this size: well under NATS' 1 MB payload limit. */
export const bodyPieceBytes = 256 * 1024

/** Text already delivered to the client, for the next attempt to continue. */
export const Said = z.object({
  text: z.string(),
  /** Output tokens it took, as counted by the nodes. */
  tokens: z.int().min(0),
  /** Those of them that were hidden reasoning. Absent: none. */
  thoughtTokens: z.int().min(0).optional(),
})
export type Said = z.infer<typeof Said>

export const Claim = z.object({
  request: RequestId,
  attempt: Attempt,
  run: RunId,
  worker: WorkerId,
  /** The node that the worker has chosen, and why, for `penstock explain`. */
  node: NodeName.optional(),
  placeReason: z.string().max(32).optional(),
})
export type Claim = z.infer<typeof Claim>

/** The one grant of an attempt. Attached bytes: piece 0 of the body (the feature's input as JSON). */
export const Go = z.object({
  kind: z.literal('go'),
  said: Said,
  msToFirstByte: z.int(),
  msToEnd: z.int(),
  bodyBytes: z.int().min(0),
  pieces: z.int().min(1),
  /** HMAC digest of those who may share a prefix cache with it. An ingress of before tells none. */
  domain: z.string().max(64).optional(),
})
export type Go = z.infer<typeof Go>

export const Gone = z.object({
  kind: z.literal('gone'),
  reason: z.enum(['unknown', 'stale_attempt', 'already_claimed', 'cancelled', 'late', 'not_durable']),
})
export type Gone = z.infer<typeof Gone>

/**
 * Asks the owning ingress for an attempt. Key: ingress. The same run asking twice gets the same grant; any other run gets
 * `gone` and must drop the job.
 */
export const claimAttempt = defineRequest('attempt.claim', 1, Claim, z.discriminatedUnion('kind', [Go, Gone]))

/** Fetches one further piece of a granted body. Key: ingress. Attached bytes of the answer: the piece. */
export const fetchBodyPiece = defineRequest(
  'attempt.body',
  1,
  z.object({ request: RequestId, attempt: Attempt, run: RunId, piece: z.int().min(0) }),
  z.object({ known: z.boolean() }),
)

/** Tells a worker to stop a run at once: nobody wants its answer. Key: worker. */
export const cancelRun = defineRequest(
  'run.cancel',
  1,
  z.object({ run: RunId, reason: z.enum(['client_gone', 'superseded', 'deadline', 'fenced', 'lost']) }),
  z.object({ known: z.boolean() }),
)

/** Asks a worker to publish a run's frames again from `fromSeq`. Key: worker. Kept until 5 s after the run's end. */
export const resendFrames = defineRequest(
  'run.resend',
  1,
  z.object({ run: RunId, fromSeq: z.int().min(0) }),
  z.object({ known: z.boolean() }),
)
