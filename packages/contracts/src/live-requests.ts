import { z } from 'zod'
import { Attempt, ConfigName, IngressId, Lane, RequestId, WorkerId } from './ids.ts'
import { defineEvent, defineRequest } from './message.ts'

/**
 * A completion came that makes older ones of the same principal, project and file worthless. Published by its ingress; every
 * other ingress ends the older ones that it owns. Losing one costs the work on the older request, nothing else.
 */
export const requestReplacing = defineEvent(
  'request.replacing',
  1,
  z.object({
    ingress: IngressId,
    request: RequestId,
    /** HMAC digest of principal, project and file. */
    replaceKey: z.string().max(64),
    /** Epoch ms. */
    askedAt: z.int().min(0),
  }),
)

/** A request under way, as its owner sees it. */
export const LiveRequest = z.object({
  request: RequestId,
  correlationId: z.string().max(255),
  feature: z.string().max(64),
  /** Opaque digest of who asks. */
  principal: z.string().max(64),
  state: z.enum(['submitting', 'waiting', 'granted', 'done']),
  attempt: Attempt,
  /** Since it came, ms. */
  ageMs: z.int().min(0),
  pool: ConfigName.nullable(),
  lane: Lane.nullable(),
  worker: WorkerId.nullable(),
  saidTokens: z.int().min(0),
  /** Clients that wait for this one generation. */
  clients: z.int().min(0),
})
export type LiveRequest = z.infer<typeof LiveRequest>

/** Most requests that one ingress lists: the oldest. */
export const liveRequestsMax = 500

/** Lists what is under way. Every ingress answers for itself. */
export const listRequests = defineRequest(
  'request.list',
  1,
  z.object({}),
  z.object({ instance: z.string(), count: z.int().min(0), requests: z.array(LiveRequest).max(liveRequestsMax) }),
)

/** Ends requests by an operator's order: by request id or correlation id. Every ingress answers how many it ended. */
export const cancelRequest = defineRequest(
  'request.cancel',
  1,
  z.object({
    id: z.string().min(1).max(255),
    /** Who orders it, for the audit log. */
    by: z.string().min(1).max(64),
  }),
  z.object({ cancelled: z.int().min(0) }),
)
