import { describe, expect, test } from 'vitest'
import type { ConfigDocumentInput } from './document.ts'
import { findModelByName, type ModelMetadata, resolveModel } from './resolve.ts'
import { validateDocument } from './validate.ts'

const document = documentOf({
  nodes: [
    { name: 'gpu1', url: 'http://gpu1:8000/v1', aliases: ['https://LB.corp/v1/'] },
    { name: 'gpu2', url: 'http://gpu2:8000/v1', aliases: ['https://lb.corp/v1'] },
    { name: 'gpu3', url: 'http://gpu3/v1' },
  ],
  pools: [
    { name: 'code', nodes: ['gpu1', 'gpu2'] },
    { name: 'chat', nodes: ['gpu3', 'gpu2'] },
  ],
  models: [
    {
      name: 'codestral',
      family: 'codestral',
      servedName: 'mistralai/Codestral-22B',
      pool: 'code',
      identifiers: ['custom_openai/cs', 'cs22'],
    },
    { name: 'mixtral', family: 'mixtral', servedName: 'mixtral', pool: 'chat' },
    { name: 'mistral', family: 'mistral', servedName: 'mixtral', pool: 'chat' },
    { name: 'local', family: 'general', servedName: 'codestral', pool: 'chat' },
  ],
  features: {
    code_completions: { model: 'codestral', lane: 'completion', auditLevel: 'redacted' },
    duo_chat: { model: 'mixtral' },
    review: { inactive: true, model: 'mixtral' },
  },
  routing: [
    { identifier: 'special', endpoint: 'http://gpu9/v1', model: 'mistral' },
    { family: 'gpt', model: 'local' },
  ],
})

describe('resolveModel', () => {
  test.each<[string, ModelMetadata, string]>([
    [
      'identifier behind its provider',
      { endpoint: 'http://gpu1:8000/v1', identifier: 'custom_openai/mistralai/Codestral-22B' },
      'codestral',
    ],
    [
      'endpoint spelled differently',
      { endpoint: 'HTTP://GPU1:8000/v1//', identifier: 'x/mistralai/Codestral-22B' },
      'codestral',
    ],
    ['default port spelled out', { endpoint: 'http://gpu3:80/v1', identifier: 'mixtral' }, 'mixtral'],
    ['alias', { endpoint: 'https://lb.corp:443/v1', identifier: 'a/mistralai/Codestral-22B' }, 'codestral'],
    ['alias of a node in two pools', { endpoint: 'https://lb.corp/v1', identifier: 'a/mixtral' }, 'mixtral'],
    ['whole further identifier', { endpoint: 'http://gpu1:8000/v1', identifier: 'custom_openai/cs' }, 'codestral'],
    ['right part as further identifier', { endpoint: 'http://gpu1:8000/v1', identifier: 'any/cs22' }, 'codestral'],
    [
      'one served name under two families',
      { endpoint: 'http://gpu3/v1', identifier: 'mixtral', family: 'mistral' },
      'mistral',
    ],
    [
      'served name whatever the family says',
      { endpoint: 'http://gpu3/v1', identifier: 'mixtral', family: 'qwen' },
      'mixtral',
    ],
    [
      'empty identifier: the family there',
      { endpoint: 'http://gpu3/v1', identifier: '', family: 'mistral' },
      'mistral',
    ],
    ['routing rule with two fields', { endpoint: 'http://gpu9/v1/', identifier: 'p/special' }, 'mistral'],
    [
      'routing rule before the endpoint',
      { endpoint: 'http://gpu1:8000/v1', identifier: 'cs22', family: 'gpt' },
      'local',
    ],
    ['no endpoint: the feature', { identifier: 'mixtral', family: 'mistral' }, 'codestral'],
  ])('%s', (_, metadata, name) => {
    expect(resolveModel(document, { feature: { name: 'code_completions' }, metadata })).toMatchObject({
      kind: 'model',
      model: { name },
    })
  })

  test.each<[string, ModelMetadata]>([
    ['an endpoint of no node', { endpoint: 'http://evil/v1', identifier: 'mixtral' }],
    ['an endpoint that only starts like a node', { endpoint: 'http://gpu1:8000/v1/more', identifier: 'cs22' }],
    ['an endpoint with another scheme', { endpoint: 'https://gpu1:8000/v1', identifier: 'cs22' }],
    ['an endpoint with another path case', { endpoint: 'http://gpu1:8000/V1', identifier: 'cs22' }],
    ['an endpoint with credentials', { endpoint: 'http://a:b@gpu1:8000/v1', identifier: 'cs22' }],
    ['no URL at all', { endpoint: 'gpu1', identifier: 'cs22' }],
    ['a model of another pool', { endpoint: 'http://gpu1:8000/v1', identifier: 'mixtral' }],
    ['a served name cut at its own slash', { endpoint: 'http://gpu1:8000/v1', identifier: 'mistralai/Codestral-22B' }],
    ['a model by its configured name', { endpoint: 'http://gpu1:8000/v1', identifier: 'a/codestral' }],
    [
      'an empty identifier and a family that is not there',
      { endpoint: 'http://gpu1:8000/v1', identifier: '', family: 'qwen' },
    ],
    ['an empty identifier and no family', { endpoint: 'http://gpu1:8000/v1' }],
    ['half of a routing rule', { endpoint: 'http://gpu9/v1', identifier: 'other' }],
  ])('%s is an unknown model, never another one', (_, metadata) => {
    const found = resolveModel(document, { feature: { name: 'code_completions' }, metadata })
    expect(found).toMatchObject({ kind: 'unknown_model' })
    expect(JSON.stringify(found)).not.toMatch(/evil|gpu\d|a:b/)
  })

  test('without metadata the feature decides, with its settings and where they come from', () => {
    expect(resolveModel(document, { feature: { name: 'code_completions' }, metadata: null })).toMatchObject({
      kind: 'model',
      model: { name: 'codestral', contextTokens: 128_000 },
      pool: { name: 'code' },
      nodes: [{ name: 'gpu1' }, { name: 'gpu2' }],
      feature: { name: 'code_completions', lane: 'completion', auditLevel: 'redacted', inactive: false },
      rule: 'features.code_completions.model',
    })
    expect(resolveModel(document, { feature: { name: 'other' }, metadata: null })).toMatchObject({
      kind: 'no_default',
      feature: 'other',
    })
    expect(resolveModel(document, { feature: { name: 'constructor' }, metadata: null })).toMatchObject({
      kind: 'no_default',
    })
  })

  test('a feature without a model of its own has that of all features, unless it asks for vectors or leaves the domain', () => {
    const { nodes, pools, models } = document
    const common = documentOf({
      nodes,
      pools,
      models,
      gateways: [{ name: 'cloud', url: 'https://cloud.example.test' }],
      defaults: { model: 'mistral' },
      features: {
        own: { model: 'mixtral' },
        tuned: { lane: 'background' },
        off: { inactive: true },
        away: { gateway: 'cloud' },
      },
    })
    const chosen = (name: string, embeds = false) => {
      const found = resolveModel(common, { feature: { name, embeds }, metadata: null })
      return found.kind === 'model' ? [found.model.name, found.rule] : found.kind
    }
    expect(chosen('own')).toEqual(['mixtral', 'features.own.model'])
    expect(chosen('own', true)).toEqual(['mixtral', 'features.own.model'])
    expect(chosen('tuned')).toEqual(['mistral', 'defaults.model'])
    expect(chosen('unheard-of')).toEqual(['mistral', 'defaults.model'])
    expect(chosen('unheard-of', true)).toBe('no_default')
    expect(chosen('away')).toBe('no_default')
    expect(chosen('off')).toBe('inactive')
    const elsewhere = { endpoint: 'http://gpu9/v1', identifier: 'x' }
    expect(resolveModel(common, { feature: { name: 'own' }, metadata: elsewhere }).kind).toBe('unknown_model')
  })

  test('an inactive feature is refused whatever model it names', () => {
    const metadata = { endpoint: 'http://gpu3/v1', identifier: 'mixtral' }
    expect(resolveModel(document, { feature: { name: 'review' }, metadata })).toEqual({
      kind: 'inactive',
      feature: 'review',
    })
  })
})

test('an OpenAI client finds a model by its configured name before its served name', () => {
  expect(findModelByName(document, 'codestral')?.servedName).toBe('mistralai/Codestral-22B')
  expect(findModelByName(document, 'mistralai/Codestral-22B')?.name).toBe('codestral')
  expect(findModelByName(document, 'cs22')).toBeNull()
})

function documentOf(input: ConfigDocumentInput) {
  const validation = validateDocument(input)
  if (!validation.ok) throw new Error(JSON.stringify(validation.problems))
  return validation.document
}
