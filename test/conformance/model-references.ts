import { normalizeEndpoint } from '@penstock/config'
import { isFamily } from '@penstock/models'
import type { Family } from '@penstock/models'
import type { Fixture } from './load-fixture.ts'

/** A model server and model as a request, or the call expected at the server, names them. */
export interface ModelReference {
  readonly endpoint: string
  /** Null: none is named. */
  readonly apiKey: string | null
  /** As GitLab sends it, provider included; may be empty. */
  readonly identifier: string
  readonly family: Family
  /** What the server calls it. */
  readonly servedName: string
}

/** Family of models whose name is none that the gateway knows. */
const otherwiseFamily: Family = 'general'

/** No configuration holds a longer one. */
const identifierCharsMax = 1000

/** Every model that a request names: in `model_metadata`, in the top-level fields, or anywhere inside. */
export const modelReferences = (body: unknown): ModelReference[] => {
  if (typeof body !== 'object' || body === null) return []
  if (Array.isArray(body)) return body.flatMap(modelReferences)
  const fields = body as Record<string, unknown>
  const own = ownReference(fields)
  return [...(own === null ? [] : [own]), ...Object.values(fields).flatMap(modelReferences)]
}

const ownReference = (fields: Record<string, unknown>): ModelReference | null => {
  const first = (...names: string[]): string =>
    names.map((name) => fields[name]).find((value): value is string => typeof value === 'string') ?? ''
  const endpoint = first('model_endpoint', 'endpoint')
  const identifier = first('model_identifier', 'identifier')
  if (normalizeEndpoint(endpoint) === null || identifier.length > identifierCharsMax) return null
  const named = 'model_endpoint' in fields ? first('model_name', 'model') : first('name', 'model_name', 'model')
  const family = isFamily(named) ? named : otherwiseFamily
  return {
    endpoint,
    apiKey: first('model_api_key', 'api_key') || null,
    identifier,
    family,
    servedName: identifier === '' ? family : identifier.slice(identifier.indexOf('/') + 1),
  }
}

/** The operator's model, for a request that names none: as the call expected at the server describes it. */
export const defaultModelReference = ({ backend }: Fixture): ModelReference => {
  const { url, headers = {}, body_subset: subset = {} } = backend?.expect ?? {}
  const { body, sse_data: events = [] } = backend?.reply ?? {}
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
  const names = [subset['model'], ...[body, ...events].map((said) => (said as { model?: unknown } | undefined)?.model)]
  return {
    endpoint: url === undefined ? defaultEndpoint : endpointOf(url),
    apiKey: /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? null,
    identifier: '',
    family: otherwiseFamily,
    servedName:
      names.find((name): name is string => typeof name === 'string' && !/^<.*>$/.test(name)) ?? 'default-model',
  }
}

const defaultEndpoint = 'http://model.example.test:8000/v1'

/** The base of an OpenAI-compatible URL. */
const endpointOf = (url: string): string => url.replace(/\/(chat\/completions|completions|embeddings|[^/]+)$/, '')
