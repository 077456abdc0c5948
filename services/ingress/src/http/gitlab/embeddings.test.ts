import { RequestFailure } from '@penstock/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnswerPart } from '../../core/intake.ts'
import { answerOf, end, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
})

const path = '/v1/embeddings/code_embeddings'
const vector = (index: number, values: number[]): AnswerPart => ({ kind: 'embedding', index, values })
const body = (over: object = {}, settings: object = {}): object => ({
  model_metadata: {
    provider: 'litellm',
    name: 'embedding',
    identifier: 'custom_openai/embed',
    endpoint: 'http://embed:8000/v1',
    api_key: 'sk-CANARY',
    ...settings,
  },
  contents: ['def a; end', 'def b; end'],
  dimensions: 2,
  ...over,
})
const ask = (what: object, { scopes = ['generate_embeddings_codebase'], at = path } = {}) =>
  app.gitlab(at, { body: what, claims: { scopes } })

describe('code embeddings', () => {
  it.each([
    [path, 'code-embeddings'],
    [`${path}/index`, 'code-embeddings'],
    [`${path}/search`, 'code-embedding-search'],
    [`/ai${path}`, 'code-embeddings'],
  ])('%s answers with vectors in the order of the node', async (at, feature) => {
    app.desk.script = () => answerOf([vector(1, [0.4, 0.5]), vector(0, [0.1, 0.2]), end()])
    const response = await ask(body(), { at })
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        model: { engine: 'litellm_embedding', name: 'coder', identifier: 'custom_openai/embed' },
        predictions: [
          { embedding: [0.4, 0.5], index: 1 },
          { embedding: [0.1, 0.2], index: 0 },
        ],
      },
    ])
    const [intake] = app.desk.asked
    expect(intake).toMatchObject({
      feature,
      model: {
        kind: 'metadata',
        family: 'embedding',
        endpoint: 'http://embed:8000/v1',
        identifier: 'custom_openai/embed',
      },
    })
    expect(Buffer.from(intake?.body ?? '').toString()).not.toContain('CANARY')
  })

  it('an answer that began anew holds each vector once', async () => {
    app.desk.script = () => answerOf([vector(0, [1]), vector(0, [1]), vector(1, [2]), end()])
    expect(((await (await ask(body())).json()) as { predictions: [] }).predictions).toHaveLength(2)
  })

  it('needs its scope', async () => {
    const response = await ask(body(), { scopes: ['complete_code'] })
    expect([response.status, await response.json()]).toEqual([
      403,
      { detail: 'Unauthorized to access code embeddings' },
    ])
  })

  it.each([
    [{ provider: 'openai' }, 'Allowed providers are: gitlab|litellm.'],
    [{ name: null }, 'Model `name` must be set when using `litellm` provider.'],
    [{ name: 'gpt' }, "Model `name` must be 'embedding' when using `litellm` provider."],
    [{ endpoint: null }, 'Model `endpoint` must be set when using `litellm` provider.'],
    [{ endpoint: 'gopher://CANARY' }, 'Error creating the model_metadata: endpoint'],
    [{ identifier: undefined }, 'Error creating the model_metadata: identifier'],
  ])('settings %o are refused in words', async (settings, detail) => {
    const response = await ask(body({}, settings))
    expect([response.status, await response.json()]).toEqual([422, { detail }])
  })

  it.each([
    { contents: [] },
    { contents: 'text' },
    { contents: [1] },
    { contents: Array(2049).fill('x') },
    { dimensions: 0 },
    { dimensions: '3' },
    { model_metadata: null, contents: null },
  ])('a body with %o is refused', async (over) => {
    expect((await ask(body(over))).status).toBe(422)
    expect(app.desk.asked).toEqual([])
  })

  it.each([
    [400, 400, 'the prompt does not fit'],
    [401, 401, 'Unauthorized'],
    [404, 421, '404: Not Found'],
  ])('a model server’s %i is %i', async (upstreamStatus, status, detail) => {
    const message = upstreamStatus === 400 ? 'the prompt does not fit' : undefined
    app.desk.script = () => Promise.reject(new RequestFailure('backend_error', { upstreamStatus, message }))
    const response = await ask(body())
    expect([response.status, await response.json()]).toEqual([status, { detail }])
  })
})
