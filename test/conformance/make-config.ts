import { normalizeEndpoint } from '@penstock/config'
import type { ConfigDocumentInput } from '@penstock/config'
import { features } from '@penstock/features'
import type { ModelReference } from './model-references.ts'

/** A scripted node that stands for an endpoint. */
export interface NodePlace {
  readonly endpoint: string
  /** Where it listens, with the endpoint's path. */
  readonly url: string
  /** File with the key that it must be shown; null: none. */
  readonly keyFile: string | null
}

export interface ConfigFacts {
  /** Begins every name: no two rounds share a node or pool, nor what is known of it. */
  readonly prefix: string
  readonly nodes: readonly NodePlace[]
  readonly models: readonly ModelReference[]
  /** The model for requests that name none; null: they have none. */
  readonly defaultModel: ModelReference | null
}

/** The configuration for one round: a pool per endpoint, whose node goes by the endpoint's name, and the models asked for there. */
export const makeConfig = ({
  prefix,
  nodes,
  models,
  defaultModel,
}: ConfigFacts): { document: ConfigDocumentInput; defaultModelName: string | null } => {
  const at = (endpoint: string): number => nodes.findIndex((node) => sameEndpoint(node.endpoint, endpoint))
  const distinct = [
    ...new Map(
      [...models, ...(defaultModel === null ? [] : [defaultModel])].map((model) => [keyOf(model), model]),
    ).values(),
  ]
  const nameOf = (model: ModelReference): string =>
    `${prefix}-model-${distinct.findIndex((each) => keyOf(each) === keyOf(model)) + 1}`
  const document: ConfigDocumentInput = {
    nodes: nodes.map(({ endpoint, url, keyFile }, index) => ({
      name: `${prefix}-node-${index + 1}`,
      url,
      aliases: [endpoint],
      ...(keyFile === null ? {} : { credential: `file:${keyFile}` }),
    })),
    pools: nodes.map((_, index) => ({ name: `${prefix}-pool-${index + 1}`, nodes: [`${prefix}-node-${index + 1}`] })),
    models: distinct.map((model) => ({
      name: nameOf(model),
      family: model.family,
      servedName: model.servedName,
      pool: `${prefix}-pool-${at(model.endpoint) + 1}`,
      ...(model.identifier === '' ? {} : { identifiers: [model.identifier] }),
    })),
    features:
      defaultModel === null
        ? {}
        : Object.fromEntries(Object.keys(features).map((feature) => [feature, { model: nameOf(defaultModel) }])),
  }
  return { document, defaultModelName: defaultModel === null ? null : nameOf(defaultModel) }
}

export const sameEndpoint = (one: string, other: string): boolean => normalizeEndpoint(one) === normalizeEndpoint(other)

const keyOf = ({ endpoint, servedName, family, identifier }: ModelReference): string =>
  JSON.stringify([normalizeEndpoint(endpoint), servedName, family, identifier])
