import { z } from 'zod'

/** One NATS subject token: what may stand between two dots. */
const subjectToken = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** A client's HTTP call, as owned by one ingress: 32 hex digits, random. */
export const RequestId = z
  .string()
  .regex(/^[a-f0-9]{32}$/)
  .brand('RequestId')
export type RequestId = z.infer<typeof RequestId>

/** One boot of one ingress. A restarted ingress has another id, so jobs of the former die at their claim. */
export const IngressId = z.string().regex(subjectToken).brand('IngressId')
export type IngressId = z.infer<typeof IngressId>

/** One boot of one worker. */
export const WorkerId = z.string().regex(subjectToken).brand('WorkerId')
export type WorkerId = z.infer<typeof WorkerId>

/** One worker's try at one attempt: 16 hex digits, random. The fencing token of every frame. */
export const RunId = z
  .string()
  .regex(/^[a-f0-9]{16}$/)
  .brand('RunId')
export type RunId = z.infer<typeof RunId>

/** Try at a request, counted by its ingress from 1. */
export const Attempt = z.int().min(1).max(1000)

/** Names in the configuration: pools, nodes, models. */
export const ConfigName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)

/** A node of the configuration by its name; one found in DNS by its source's name and where it is: `coder@10.0.0.5:8000`, `coder@[fd00::5]:8000`. */
export const NodeName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}(@[0-9a-f.:[\]]{3,47})?$/)

/** Separately queued class of traffic, in order of precedence. */
export const lanes = ['completion', 'interactive', 'background'] as const
export const Lane = z.enum(lanes)
export type Lane = z.infer<typeof Lane>

/** Id of a job in its pool's queue. */
export const jobIdOf = (request: RequestId, attempt: number): string => `${request}.${attempt}`
