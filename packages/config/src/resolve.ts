import type { ConfigDocument, FeatureConfig, ModelConfig, NodeConfig, PoolConfig } from './document.ts'
import { normalizeEndpoint } from './endpoint-url.ts'

/** GitLab's `model_metadata`, without its key: who asks never decides the destination by a credential. */
export interface ModelMetadata {
  readonly endpoint?: string | undefined
  /** `provider/model`, or the model alone; may be empty. */
  readonly identifier?: string | undefined
  readonly family?: string | undefined
}

/** A feature's settings, defaults filled in for one that the document does not mention. */
export type FeatureSettings = FeatureConfig & { readonly name: string }

export interface ResolvedModel {
  readonly kind: 'model'
  readonly model: ModelConfig
  readonly pool: PoolConfig
  readonly nodes: readonly NodeConfig[]
  readonly feature: FeatureSettings
  /** The rule that matched, for people. */
  readonly rule: string
}

/** Messages are safe for the client: they repeat no address. */
export type Resolution =
  | ResolvedModel
  | { readonly kind: 'unknown_model'; readonly name: string; readonly message: string }
  | { readonly kind: 'inactive'; readonly feature: string }
  | { readonly kind: 'no_default'; readonly feature: string; readonly message: string }

/** A feature as far as the choice of its model depends on it. */
export interface FeatureKind {
  readonly name: string
  /** It asks for vectors, which a model for text does not make. */
  readonly embeds?: boolean
}

/**
 * Which model serves a request of a feature. Routing rules come first, then endpoint and identifier, then the feature's model, then that of
 * all features.
 */
export function resolveModel(
  document: ConfigDocument,
  request: { readonly feature: FeatureKind; readonly metadata: ModelMetadata | null },
): Resolution {
  const feature = featureSettings(document, request.feature.name)
  if (feature.inactive) return { kind: 'inactive', feature: feature.name }
  const found = (metadata: ModelMetadata): Resolution | null =>
    byRoutingRule(document, feature, metadata) ?? byEndpoint(document, feature, metadata)
  return (request.metadata && found(request.metadata)) ?? byDefault(document, request.feature)
}

/** The model of requests that name none, and the setting that says so; null: there is none. */
export function defaultModel(
  document: ConfigDocument,
  { name, embeds = false }: FeatureKind,
): { readonly model: ModelConfig; readonly rule: string } | null {
  const { model: own, gateway } = featureSettings(document, name)
  const chosen = own ?? (embeds || gateway !== undefined ? undefined : document.defaults.model)
  const model = document.models.find((each) => each.name === chosen)
  if (model === undefined) return null
  return { model, rule: own === undefined ? 'defaults.model' : `features.${name}.model` }
}

/** The model an OpenAI client names: by its name here, else by what its nodes call it. */
export function findModelByName(document: ConfigDocument, name: string): ModelConfig | null {
  return (
    document.models.find((model) => model.name === name) ??
    document.models.find((model) => model.servedName === name) ??
    null
  )
}

/** The settings under which a request of the feature runs, configured or not. */
export function featureSettings(document: ConfigDocument, name: string): FeatureSettings {
  const configured = Object.hasOwn(document.features, name) ? document.features[name] : undefined
  return { inactive: false, tidy: true, auditLevel: 'metadata', ...configured, name }
}

/** A model with its pool and nodes, for a request that named it outright. */
function resolved(document: ConfigDocument, feature: FeatureSettings, model: ModelConfig, rule: string): ResolvedModel {
  const pool = document.pools.find(({ name }) => name === model.pool)
  if (pool === undefined) throw new Error(`model ${model.name} of a valid document has no pool`)
  const nodes = document.nodes.filter(({ name }) => pool.nodes.includes(name))
  return { kind: 'model', model, pool, nodes, feature, rule }
}

function byRoutingRule(document: ConfigDocument, feature: FeatureSettings, metadata: ModelMetadata): Resolution | null {
  const endpoint = metadata.endpoint ? normalizeEndpoint(metadata.endpoint) : undefined
  const identifiers = spellings(metadata.identifier ?? '')
  for (const [index, rule] of document.routing.entries()) {
    if (rule.endpoint !== undefined && rule.endpoint !== endpoint) continue
    if (rule.identifier !== undefined && !identifiers.includes(rule.identifier)) continue
    if (rule.family !== undefined && rule.family !== metadata.family) continue
    const model = document.models.find(({ name }) => name === rule.model)
    if (model) return resolved(document, feature, model, `routing[${index}]`)
  }
  return null
}

/** Null when the metadata has no endpoint. An endpoint that fits nothing is an error: another model would be a surprise. */
function byEndpoint(document: ConfigDocument, feature: FeatureSettings, metadata: ModelMetadata): Resolution | null {
  if (!metadata.endpoint) return null
  const identifier = metadata.identifier ?? ''
  const unknown = (message: string): Resolution => ({
    kind: 'unknown_model',
    name: identifier || (metadata.family ?? ''),
    message,
  })

  const endpoint = normalizeEndpoint(metadata.endpoint)
  const nodes = document.nodes.filter((node) => node.url === endpoint || node.aliases.includes(endpoint ?? ''))
  if (nodes.length === 0) return unknown('the configuration has no node at this endpoint')
  const names = new Set(nodes.map((node) => node.name))
  const pools = new Set(
    document.pools.filter((pool) => pool.nodes.some((node) => names.has(node))).map((pool) => pool.name),
  )
  const candidates = document.models.filter((model) => pools.has(model.pool))
  const place = `endpoint of node ${nodes.map((node) => node.name).join(', ')}`

  if (identifier === '') {
    const model = candidates.find((each) => each.family === metadata.family)
    if (model) return resolved(document, feature, model, `${place}, family ${model.family}`)
    return unknown(`no model of family "${metadata.family ?? ''}" is configured at this endpoint`)
  }
  const wanted = spellings(identifier)
  const matching = candidates.filter(
    (each) => wanted.at(-1) === each.servedName || each.identifiers.some((name) => wanted.includes(name)),
  )
  // Nodes may serve one model under two entries that differ in family.
  const model = matching.find((each) => each.family === metadata.family) ?? matching[0]
  if (model) return resolved(document, feature, model, `${place}, identifier ${identifier}`)
  return unknown(`no model "${identifier}" is configured at this endpoint`)
}

function byDefault(document: ConfigDocument, kind: FeatureKind): Resolution {
  const feature = featureSettings(document, kind.name)
  const found = defaultModel(document, kind)
  if (found !== null) return resolved(document, feature, found.model, found.rule)
  return {
    kind: 'no_default',
    feature: feature.name,
    message: `the request names no model and none is configured for the feature ${feature.name}`,
  }
}

/** An identifier whole and behind its provider, which ends at the first slash; of one without, the whole is the model. */
function spellings(identifier: string): string[] {
  if (identifier === '') return []
  const slash = identifier.indexOf('/')
  return slash < 0 ? [identifier] : [identifier, identifier.slice(slash + 1)]
}
