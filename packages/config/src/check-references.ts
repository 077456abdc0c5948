import type { z } from 'zod'
import type { BackendConfig } from './backend.ts'
import type { DiscoverConfig } from './discover.ts'

/** The parts of a document that name each other. */
interface References {
  readonly nodes: readonly {
    name: string
    url: string
    aliases: readonly string[]
    credential?: string | undefined
    backend: BackendConfig
    discover?: DiscoverConfig | undefined
    networks?: readonly string[] | undefined
  }[]
  readonly pools: readonly {
    name: string
    nodes: readonly string[]
    lanes: readonly { name: string; minimumShare: number }[]
  }[]
  readonly models: readonly { name: string; family: string; pool: string; identifiers: readonly string[] }[]
  readonly defaults: { readonly model?: string | undefined }
  readonly features: Readonly<
    Record<
      string,
      {
        model?: string | undefined
        gateway?: string | undefined
        lane?: string | undefined
        firstByteMs?: number | undefined
        totalMs?: number | undefined
      }
    >
  >
  readonly routing: readonly {
    endpoint?: string | undefined
    identifier?: string | undefined
    family?: string | undefined
    model: string
  }[]
  readonly gateways: readonly { name: string }[]
  readonly openai: {
    readonly keys: readonly { name: string; sha256: string; scopes?: readonly string[] | undefined }[]
  }
}

type Path = (string | number)[]

/** Everything that no single field can know: names that must exist, must be unique, must fit each other. */
export function checkReferences(document: References, context: z.RefinementCtx): void {
  const report = (path: Path, message: string) => context.addIssue({ code: 'custom', path, message })
  const nodeNames = new Set(document.nodes.map((node) => node.name))
  const poolsByName = new Map(document.pools.map((pool) => [pool.name, pool]))
  const modelsByName = new Map(document.models.map((model) => [model.name, model]))

  reportRepeated(document.nodes, ['nodes'], 'name', (node) => node.name, 'another node is named', report)
  reportRepeated(document.nodes, ['nodes'], 'url', (node) => node.url, 'another node has the url', report)
  for (const [n, node] of document.nodes.entries()) {
    reportRepeated(
      node.aliases,
      ['nodes', n, 'aliases'],
      null,
      (alias) => alias,
      'the node already has the alias',
      report,
    )
    if (node.discover !== undefined && node.backend.kind !== 'vllm' && node.backend.kind !== 'openai')
      report(['nodes', n, 'discover'], `is not for a backend of kind ${node.backend.kind}: its url is one endpoint`)
    if (node.discover !== undefined && node.networks !== undefined)
      report(['nodes', n, 'networks'], 'belongs into discover, whose addresses it is about')
    if (node.discover?.kind === 'dns-address' && /^[\d.]+$|^\[/.test(new URL(node.url).hostname))
      report(['nodes', n, 'url'], 'names an address: discovery needs a name in DNS')
    if (node.backend.kind === 'azure-openai' && node.credential === undefined)
      report(['nodes', n, 'credential'], 'is missing: Azure OpenAI answers nobody without a key')
    if (node.backend.kind === 'bedrock' && node.backend.accessKey !== undefined && node.credential !== undefined)
      report(['nodes', n, 'backend', 'accessKey'], "is a second credential beside the node's own: give one of them")
  }

  reportRepeated(document.pools, ['pools'], 'name', (pool) => pool.name, 'another pool is named', report)
  for (const [p, pool] of document.pools.entries()) {
    reportRepeated(pool.nodes, ['pools', p, 'nodes'], null, (node) => node, 'the pool already has the node', report)
    for (const [n, node] of pool.nodes.entries())
      if (!nodeNames.has(node)) report(['pools', p, 'nodes', n], `no node is named ${quoted(node)}`)
    reportRepeated(
      pool.lanes,
      ['pools', p, 'lanes'],
      'name',
      (lane) => lane.name,
      'the pool already has the lane',
      report,
    )
    const shares = pool.lanes.reduce((sum, lane) => sum + lane.minimumShare, 0)
    // Three shares of a third may add up to a little over 1.
    if (shares > 1 + 1e-9) report(['pools', p, 'lanes'], `minimum shares add up to ${shares}, more than 1`)
  }

  reportRepeated(document.models, ['models'], 'name', (model) => model.name, 'another model is named', report)
  for (const [m, model] of document.models.entries()) {
    if (!poolsByName.has(model.pool)) report(['models', m, 'pool'], `no pool is named ${quoted(model.pool)}`)
    reportRepeated(
      model.identifiers,
      ['models', m, 'identifiers'],
      null,
      (text) => text,
      'the model already has the identifier',
      report,
    )
  }

  const defaultModel = document.defaults.model === undefined ? undefined : modelsByName.get(document.defaults.model)
  if (document.defaults.model !== undefined && defaultModel === undefined)
    report(['defaults', 'model'], `no model is named ${quoted(document.defaults.model)}`)
  if (defaultModel?.family === 'embedding')
    report(
      ['defaults', 'model'],
      `${quoted(defaultModel.name)} makes vectors, no text: give it to the features that ask for them`,
    )

  const gatewayNames = new Set(document.gateways.map((gateway) => gateway.name))
  reportRepeated(document.gateways, ['gateways'], 'name', (each) => each.name, 'another gateway is named', report)
  for (const [name, feature] of Object.entries(document.features)) {
    const model = feature.model === undefined ? defaultModel : modelsByName.get(feature.model)
    if (feature.model !== undefined && model === undefined)
      report(['features', name, 'model'], `no model is named ${quoted(feature.model)}`)
    if (feature.gateway !== undefined && !gatewayNames.has(feature.gateway))
      report(['features', name, 'gateway'], `no gateway is named ${quoted(feature.gateway)}`)
    if (feature.gateway !== undefined && feature.model !== undefined)
      report(['features', name, 'gateway'], 'the feature has a model already: give one of them')
    const pool = model && poolsByName.get(model.pool)
    if (pool && feature.lane !== undefined && !pool.lanes.some((lane) => lane.name === feature.lane))
      report(['features', name, 'lane'], `pool ${quoted(pool.name)} has no lane ${quoted(feature.lane)}`)
    if (feature.firstByteMs !== undefined && feature.totalMs !== undefined && feature.firstByteMs > feature.totalMs)
      report(['features', name, 'firstByteMs'], `is longer than totalMs, ${feature.totalMs}`)
  }

  for (const [r, rule] of document.routing.entries()) {
    if (!modelsByName.has(rule.model)) report(['routing', r, 'model'], `no model is named ${quoted(rule.model)}`)
    if (rule.endpoint === undefined && rule.identifier === undefined && rule.family === undefined)
      report(['routing', r], 'names no endpoint, identifier or family, so it would match everything')
  }

  const { keys } = document.openai
  reportRepeated(keys, ['openai', 'keys'], 'name', (key) => key.name, 'another key is named', report)
  reportRepeated(keys, ['openai', 'keys'], 'sha256', (key) => key.sha256, 'another key has the hash', report)
  for (const [k, key] of keys.entries())
    for (const [s, scope] of (key.scopes ?? []).entries())
      if (!modelsByName.has(scope)) report(['openai', 'keys', k, 'scopes', s], `no model is named ${quoted(scope)}`)
}

/** Reports every item whose value an earlier one has. `field` is where in the item the value stands, null for the item. */
function reportRepeated<T>(
  items: readonly T[],
  path: Path,
  field: string | null,
  valueOf: (item: T) => string,
  complaint: string,
  report: (path: Path, message: string) => void,
): void {
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const value = valueOf(item)
    if (seen.has(value)) report([...path, index, ...(field === null ? [] : [field])], `${complaint} ${quoted(value)}`)
    seen.add(value)
  }
}

const quoted = (text: string): string => JSON.stringify(text)
