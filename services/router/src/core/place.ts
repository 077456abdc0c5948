import { featureSettings, findModelByName, resolveModel } from '@penstock/config'
import type { ConfigDocument } from '@penstock/config'
import type { Accepted, Envelope, Lane, Refused } from '@penstock/contracts'
import { isFamily } from '@penstock/models'
import { admit } from '@penstock/scheduling'
import type { Presence } from '@penstock/scheduling'

export interface PlaceFacts {
  document: ConfigDocument
  configVersion: number
  /** Lane of a feature that the configuration does not name one for. */
  defaultLane: Lane
  presence(pool: string): Presence
  depth(pool: string, lane: Lane): number
}

/** A pool that drains is on its way out: asking again soon is in vain. */
const drainingRetryAfterMs = 10_000

/** Feature to model to pool and lane, and whether at all. Pure: knows all pools, sees no prompt. */
export const place = (envelope: Envelope, facts: PlaceFacts): Accepted | Refused => {
  const resolved = resolve(envelope, facts.document)
  if (resolved.kind === 'refused') return resolved
  const { model, pool, rule } = resolved
  const lane = featureSettings(facts.document, envelope.feature).lane ?? facts.defaultLane
  const settings = facts.document.pools.find(({ name }) => name === pool)
  if (settings?.mode === 'draining' && !envelope.resumed)
    return { kind: 'refused', code: 'backend_unavailable', retryAfterMs: drainingRetryAfterMs }
  const admission = admit({
    presence: facts.presence(pool),
    depth: facts.depth(pool, lane),
    depthMax: settings?.queue.jobsMax ?? 0,
    msLeft: envelope.msLeft,
    resumed: envelope.resumed,
  })
  if (admission.kind === 'refuse') return { ...admission, kind: 'refused' }
  return {
    kind: 'accepted',
    pool,
    lane,
    model: model.name,
    family: familyOf(envelope.model) ?? model.family,
    configVersion: facts.configVersion,
    rule,
  }
}

type Model = ConfigDocument['models'][number]

const resolve = (
  envelope: Envelope,
  document: ConfigDocument,
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
  const resolved = resolveModel(document, { feature, metadata: reference.kind === 'metadata' ? reference : null })
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
