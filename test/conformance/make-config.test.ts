import { resolveModel, validateDocument } from '@penstock/config'
import { expect, test } from 'vitest'
import { parseFixture } from './load-fixture.ts'
import { makeConfig } from './make-config.ts'
import { defaultModelReference, modelReferences } from './model-references.ts'

const endpoint = 'http://vllm.example.test:8000/v1'
const place = { endpoint, url: 'http://127.0.0.1:4000/v1', keyFile: '/tmp/key-1' }
const validated = (value: unknown) => {
  const validation = validateDocument(value)
  if (!validation.ok) throw new Error(JSON.stringify(validation.problems))
  return validation.document
}

test.each([
  [
    {
      model_metadata: { provider: 'openai', name: 'general', endpoint, api_key: 'k', identifier: 'custom_openai/a/b' },
    },
    'a/b',
    'general',
  ],
  [
    {
      model_provider: 'litellm',
      model_name: 'codestral',
      model_endpoint: endpoint,
      model_identifier: 'text-completion-openai/m',
    },
    'm',
    'codestral',
  ],
  [
    { prompt_components: [{ payload: { model: 'mistral', model_endpoint: endpoint, model_identifier: '' } }] },
    'mistral',
    'mistral',
  ],
  [{ model_metadata: { name: 'unheard-of', endpoint, identifier: 'bare' } }, 'bare', 'general'],
])('the model of %j is found and served', (body, servedName, family) => {
  const models = modelReferences(body)
  expect(models).toMatchObject([{ endpoint, servedName, family }])
  const document = validated(makeConfig({ prefix: 'f-1', nodes: [place], models, defaultModel: null }).document)
  const { identifier } = models[0]!
  expect(
    resolveModel(document, { feature: { name: 'code-completion' }, metadata: { endpoint, identifier, family } }),
  ).toMatchObject({
    kind: 'model',
    model: { servedName },
    nodes: [{ url: place.url, credential: 'file:/tmp/key-1' }],
  })
  expect(resolveModel(document, { feature: { name: 'code-completion' }, metadata: null })).toMatchObject({
    kind: 'no_default',
  })
})

test('an endpoint that no node can have is not configured', () => {
  expect(modelReferences({ model_metadata: { endpoint: 'not a url', name: 'general' } })).toEqual([])
})

test('a request without a model gets the one that the expected call describes', () => {
  const fixture = parseFixture(
    JSON.stringify({
      name: 'x',
      request: { method: 'POST', path: '/' },
      response: { status: 200 },
      backend: {
        expect: {
          url: `${endpoint}/chat/completions`,
          headers: { authorization: 'Bearer sk-1' },
          body_subset: { model: '<default model>' },
        },
        reply: { status: 200, sse_data: [{ model: 'house' }, '[DONE]'] },
      },
    }),
  )
  const reference = defaultModelReference(fixture)
  expect(reference).toMatchObject({ endpoint, apiKey: 'sk-1', servedName: 'house' })
  const document = validated(
    makeConfig({ prefix: 'f-1', nodes: [place], models: [], defaultModel: reference }).document,
  )
  expect(resolveModel(document, { feature: { name: 'code-completion' }, metadata: null })).toMatchObject({
    kind: 'model',
    model: { servedName: 'house' },
  })
})
