import { featureSettings, findModelByName, resolveModel } from '@penstock/config'
import type { ConfigDocument, PoolConfig } from '@penstock/config'
import type { Accepted, Envelope, Lane, Refused } from '@penstock/contracts'
import { isFamily } from '@penstock/models'
import { admit, aheadMaxWithin, laneTargetsOf, worthwhileWaitMs } from '@penstock/scheduling'
import type { LineBounds, PoolLoad, Presence } from '@penstock/scheduling'

export interface PlaceFacts {
  document: ConfigDocument
  configVersion: number
  /** Lane of a feature that the configuration does not name one for. */
  defaultLane: Lane
  /** The feature asks for vectors. */
  embeds: boolean
  presence(pool: string): Presence
  /** Jobs that wait in a lane. */
  waiting(pool: string, lane: Lane): number
  /** Part of what was asked of a lane lately that was refused, 0–1. */
  refusedShare(pool: string, lane: Lane): number
  /** What the pool's workers take and how fast, lanes as the configuration orders them. */
  load(pool: PoolConfig): PoolLoad
}

/** Where a request goes, and on which conditions the store may let it in. */
export interface Placement {
  kind: 'placed'
  accepted: Accepted
  bounds: LineBounds
  /** Longest wait for its turn, ms. */
  waitMaxMs: number
  load: PoolLoad
}

/** A pool that drains is on its way out: asking again soon is in vain. */
const drainingRetryAfterMs = 10_000

/** Feature to model to pool and lane, and whether at all. Pure: knows all pools, sees no prompt. */
export const place = (envelope: Envelope, facts: PlaceFacts): Placement | Refused => {
  const resolved = resolve(envelope, facts)
  if (resolved.kind === 'refused') return resolved
  const { model, rule } = resolved
  const pool = facts.document.pools.find(({ name }) => name === resolved.pool)
  if (pool === undefined) throw new Error(`model ${model.name} of a valid document has no pool`)
  const lane = laneOf(pool, featureSettings(facts.document, envelope.feature).lane ?? facts.defaultLane)
  if (pool.mode === 'draining' && !envelope.resumed)
    return { kind: 'refused', code: 'backend_unavailable', retryAfterMs: drainingRetryAfterMs, pool: pool.name, lane }
  const { jobsMax, bytesMax, perUserMax, perTenantMax } = pool.queue
  const worthwhileMs = worthwhileWaitMs(laneTargetsOf(pool.lanes)[lane], facts.refusedShare(pool.name, lane))
  const leftMs = Math.min(envelope.msLeft, envelope.queueMsLeft ?? envelope.msLeft)
  const waitMaxMs = Math.min(leftMs, worthwhileMs)
  const depth = facts.waiting(pool.name, lane)
  const admission = admit({
    presence: facts.presence(pool.name),
    depth,
    // A newer completion takes the place of an older one at a full lane too: only the store can tell.
    depthMax: envelope.replaceKey === undefined ? jobsMax : Infinity,
    msLeft: leftMs,
    resumed: envelope.resumed,
    waitingRoom: pool.waitingRoom,
  })
  if (admission.kind === 'refuse') return { ...admission, kind: 'refused', pool: pool.name, lane }
  const held = admission.holdMs !== null
  // What nobody takes has no rate: jobs of a paused pool wait as long as they may.
  const unbounded = held || pool.mode === 'paused'
  const load = facts.load(pool)
  return {
    kind: 'placed',
    accepted: {
      kind: 'accepted',
      pool: pool.name,
      lane,
      model: model.name,
      family: familyOf(envelope.model) ?? model.family,
      configVersion: facts.configVersion,
      rule,
      ...(admission.holdMs === null ? {} : { holdMs: admission.holdMs }),
    },
    bounds: {
      jobsMax: held ? Math.min(jobsMax, pool.waitingRoom?.jobsMax ?? 0) : jobsMax,
      bytesMax,
      perUserMax,
      perTenantMax: perTenantMax ?? Infinity,
      aheadMax: unbounded ? Infinity : aheadMaxWithin(load, lane, waitMaxMs),
    },
    waitMaxMs,
    load,
  }
}

/** The lane, or the pool's last where it does not have it: a request is rather late than lost. */
const laneOf = ({ lanes }: PoolConfig, wanted: Lane): Lane =>
  lanes.some(({ name }) => name === wanted) ? wanted : (lanes.at(-1)?.name ?? wanted)

type Model = ConfigDocument['models'][number]

const resolve = (
  envelope: Envelope,
  { document, embeds }: Pick<PlaceFacts, 'document' | 'embeds'>,
): { kind: 'model'; model: Model; pool: string; rule: string } | Refused => {
  const { model: reference, feature } = envelope
  if (reference.kind === 'name') {
    const model = findModelByName(document, reference.name)
    if (model === null)
      return {
        kind: 'refused',
        code: 'unknown_model',
        message: `The model '${reference.name}' does not exist`,
        param: 'model',
      }
    if (featureSettings(document, feature).inactive) return { kind: 'refused', code: 'model_inactive' }
    return { kind: 'model', model, pool: model.pool, rule: `model "${model.name}" by name` }
  }
  const resolved = resolveModel(document, {
    feature: { name: feature, embeds },
    metadata: reference.kind === 'metadata' ? reference : null,
  })
  switch (resolved.kind) {
    case 'model':
      return { kind: 'model', model: resolved.model, pool: resolved.pool.name, rule: resolved.rule }
    case 'unknown_model':
      return { kind: 'refused', code: 'unknown_model', message: resolved.message, param: 'model' }
    case 'inactive':
      return { kind: 'refused', code: 'model_inactive' }
    case 'no_default':
      return { kind: 'refused', code: 'no_default_model', message: resolved.message }
  }
}

/** GitLab's administrators choose a family for each model; for prompt and parameters their choice wins. */
const familyOf = (reference: Envelope['model']): string | undefined =>
  reference.kind === 'metadata' && reference.family !== undefined && isFamily(reference.family)
    ? reference.family
    : undefined
