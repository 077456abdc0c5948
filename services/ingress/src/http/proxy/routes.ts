import { findModelByName, resolveModel } from '@penstock/config'
import type { FeatureKind } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import { countTokens, messagesApi } from '../anthropic/messages-api.ts'
import { BodyRefusal } from '../body-refusal.ts'
import type { Exchange } from '../exchange.ts'
import type { Handler, HandlerDependencies, Route } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { embeddingsApi } from '../openai/embeddings-api.ts'
import { configured, modelList } from '../openai/models.ts'
import { chatApi, completionApi, responsesApi } from '../openai/shapes.ts'
import { complete } from '../provider/complete.ts'
import type { Admit } from '../provider/complete.ts'
import type { ProviderApi, ProviderErrors, ProviderRequest } from '../provider/provider-api.ts'
import { gated, refused } from './gate.ts'

/**
 * `/v1/proxy/{anthropic,openai}/…`: the APIs of two providers, answered by self-hosted models. A vendor's model name selects the
 * model of a routing rule with that identifier, else the endpoint's default model; the name of a configured model selects it.
 * Vertex AI, and every other path, is not there.
 */
export const proxyRoutes = (dependencies: HandlerDependencies): Route[] => {
  const post = <I, R extends ProviderRequest<I>>(path: string, api: ProviderApi<I, R>): Route => ({
    method: 'POST',
    path: `/v1/proxy/${path}`,
    handle: gated(inProvidersTerms(complete(named(api), dependencies, admitFor(api.feature, dependencies)), api)),
  })
  const notFound = gated(() => refused(404, 'Not found'))
  return [
    post('anthropic/v1/messages', messagesApi),
    {
      method: 'POST',
      path: '/v1/proxy/anthropic/v1/messages/count_tokens',
      handle: gated(inProvidersTerms(countTokens, messagesApi)),
    },
    post('openai/v1/chat/completions', chatApi),
    post('openai/v1/completions', completionApi),
    post('openai/v1/embeddings', embeddingsApi),
    post('openai/v1/responses', responsesApi),
    {
      method: 'GET',
      path: '/v1/proxy/openai/v1/models',
      handle: gated(() => jsonAnswer(200, modelList(configured(dependencies).document.models))),
    },
    { method: 'POST', path: '/v1/proxy/*', handle: notFound },
    { method: 'GET', path: '/v1/proxy/*', handle: notFound },
  ]
}

/** The contract's own words for a body without a model's name, ahead of the provider's checks. */
const named = <I, R extends ProviderRequest<I>>(api: ProviderApi<I, R>): ProviderApi<I, R> => ({
  ...api,
  errors: { ...api.errors, unknownModel: () => refused(400, 'Unsupported model') },
  parse(json) {
    if (!hasModel(json)) throw new ProxyRefusal('Failed to extract model name')
    return api.parse(json)
  },
})

const hasModel = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'model' in json && typeof json.model === 'string' && json.model !== ''

/** A refusal in the gateway's words, not the provider's. */
class ProxyRefusal extends Error {}

/** From the gates on, clients hear what they know from the provider. */
const inProvidersTerms =
  (handle: Handler, { errors }: { readonly errors: ProviderErrors }): Handler =>
  async (exchange) => {
    try {
      return await handle(exchange)
    } catch (error) {
      if (exchange.answered) throw error
      if (error instanceof ProxyRefusal) return refused(400, error.message)
      if (error instanceof BodyRefusal && error.kind === 'malformed') return refused(400, 'Invalid JSON')
      const failure = RequestFailure.fromUnknown(error)
      if (failure.code === 'internal' && !(error instanceof BodyRefusal)) throw error
      exchange.failure ??= error instanceof BodyRefusal ? 'invalid_request' : failure.code
      return errors.failed(error)
    }
  }

const admitFor =
  (feature: FeatureKind, dependencies: HandlerDependencies): Admit =>
  ({ caller }: Exchange, model) => {
    if (caller?.kind !== 'gitlab') throw new RequestFailure('internal')
    const principal = caller.principal.digest
    const { document } = configured(dependencies)
    if (findModelByName(document, model) !== null) return { principal, model: { kind: 'name', name: model } }
    const metadata = { identifier: model }
    return resolveModel(document, { feature, metadata }).kind === 'no_default'
      ? null
      : { principal, model: { kind: 'metadata', ...metadata } }
  }
