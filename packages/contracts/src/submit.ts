import { z } from 'zod'
import { errorCodeNames } from './errors.ts'
import { Attempt, ConfigName, IngressId, Lane, NodeName, RequestId, WorkerId } from './ids.ts'
import { defineEvent, defineRequest } from './message.ts'

/** How the client names a model. `metadata` is GitLab's model_metadata without its key; `default` is the feature's own. */
export const ModelReference = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('default') }),
  z.object({ kind: z.literal('name'), name: z.string().max(255) }),
  z.object({
    kind: z.literal('metadata'),
    endpoint: z.string().max(2048).optional(),
    identifier: z.string().max(1000).optional(),
    family: z.string().max(255).optional(),
  }),
])
export type ModelReference = z.infer<typeof ModelReference>

/** What the router must know of a request to place it. Never the prompt. */
export const Envelope = z.object({
  request: RequestId,
  attempt: Attempt,
  ingress: IngressId,
  feature: z.string().max(64),
  model: ModelReference,
  /** HMAC digest of who asks: fairness and audit see the same opaque value. */
  principal: z.string().max(64),
  /** HMAC digest of the instance or key behind the principal: what a tenant's ceiling counts. */
  tenant: z.string().max(64).optional(),
  /** HMAC digest of principal, project and file: a newer completion with the same one takes the place of this one. */
  replaceKey: z.string().max(64).optional(),
  /** When the request came, epoch ms: tells the newer of two with one replace key. */
  askedAt: z.int().min(0).optional(),
  /** Size of the body that the claim will hand out, bytes. */
  bodyBytes: z.int().min(0),
  promptTokensEstimate: z.int().min(0),
  outputTokensMax: z.int().min(0),
  /** Hashes that requests sharing a prefix have in common, most specific first. */
  affinity: z.array(z.string().max(64)).max(8),
  /** Milliseconds left to the first byte. */
  msLeft: z.int(),
  /** Milliseconds it may still wait in the queue; absent: as long as to the first byte. */
  queueMsLeft: z.int().optional(),
  /** A continuation after a loss: ranked before first attempts. */
  resumed: z.boolean(),
  /** Nodes this request already failed on. */
  avoidNodes: z.array(NodeName).max(16),
})
export type Envelope = z.infer<typeof Envelope>

export const Accepted = z.object({
  kind: z.literal('accepted'),
  pool: ConfigName,
  lane: Lane,
  model: ConfigName,
  /** Decides prompt and parameters: the client's choice if it made one, else the model's own. */
  family: z.string(),
  configVersion: z.int(),
  /** The configuration rule that chose the model, for `penstock explain` and the audit log. */
  rule: z.string(),
  /** Rank in its lane, jobs before it there, and how long that was expected to take, ms: when it was added. */
  rank: z.number().optional(),
  ahead: z.int().min(0).optional(),
  expectedWaitMs: z.int().min(0).optional(),
  /** No node is up: it waits in the pool's waiting room, this long at most, ms. */
  holdMs: z.int().min(0).optional(),
  /** The waiting job whose place it took. */
  replaced: z.string().max(64).optional(),
})
export type Accepted = z.infer<typeof Accepted>

export const Refused = z.object({
  kind: z.literal('refused'),
  code: z.enum(errorCodeNames),
  message: z.string().optional(),
  param: z.string().optional(),
  retryAfterMs: z.int().min(0).optional(),
  /** Where it would have waited, for the audit log. */
  pool: ConfigName.optional(),
  lane: Lane.optional(),
})
export type Refused = z.infer<typeof Refused>

/** Key under which every router answers, not one of them. */
export const allRouters = 'all'

/**
 * Asks the router to put an attempt into its pool's queue. Asked by the ingress; answered by any router, or by all under the key
 * `all`. Asked twice, a job is added once.
 */
export const submitRequest = defineRequest(
  'request.submit',
  1,
  Envelope,
  z.discriminatedUnion('kind', [Accepted, Refused]),
)

/** What waits in a pool's queue. Written by the router, read by the worker that takes it. */
export const Job = z.object({
  request: RequestId,
  attempt: Attempt,
  ingress: IngressId,
  feature: z.string().max(64),
  pool: ConfigName,
  lane: Lane,
  model: ConfigName,
  family: z.string(),
  configVersion: z.int(),
  /** Weight of the call at a node. */
  promptTokensEstimate: z.int().min(0).default(0),
  outputTokensMax: z.int().min(0).default(0),
  affinity: z.array(z.string().max(64)).max(8),
  avoidNodes: z.array(NodeName).max(16),
  /** W3C trace context of the request. */
  traceparent: z.string().max(128).optional(),
})
export type Job = z.infer<typeof Job>

/**
 * Wakes a worker of the pool: a job was added. Key: pool. `worker` is the one that is asked to take it; null: whoever has room.
 * Losing one costs a poll interval, nothing else.
 */
export const jobAdded = defineEvent('job.added', 1, z.object({ pool: ConfigName, worker: WorkerId.nullable() }))

/**
 * Hands a job to a worker that has room, past a queue that cannot be asked. Key: worker. A job handed out twice dies at its second
 * claim.
 */
export const offerJob = defineRequest('job.offer', 1, Job, z.object({ taken: z.boolean() }))

const JobRef = z.object({ request: RequestId, attempt: Attempt, pool: ConfigName, lane: Lane })

/** Takes a waiting attempt out of its queue, because nobody wants the answer any more. Any router. */
export const withdrawJob = defineRequest('job.withdraw', 1, JobRef, z.object({ removed: z.boolean() }))

/** Asks in bulk which attempts are not waiting any more. Any router. */
export const findUnknownJobs = defineRequest(
  'job.find-unknown',
  1,
  z.object({ jobs: z.array(JobRef).max(5000) }),
  z.object({ unknown: z.array(z.string()) }),
)
