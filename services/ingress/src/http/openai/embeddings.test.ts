import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnswerPart } from '../../core/intake.ts'
import { answerOf, end, limitedKey, openAiKey, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
let client: OpenAI
const purpose = 'generate_embeddings_codebase'
const vector = (index: number, values: number[]): AnswerPart => ({ kind: 'embedding', index, values })

beforeAll(async () => {
  app = await startTestApp()
  client = new OpenAI({ baseURL: `${app.url}/v1`, apiKey: openAiKey, maxRetries: 0 })
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  // As an attempt that broke off and the next one deliver them.
  app.desk.script = () => answerOf([vector(1, [0.5, -2]), vector(1, [9, 9]), vector(0, [0.25, 1]), end()])
})

const request = { model: 'embedder', input: ['def a; end', 'def b; end'] }
const inputOf = (): unknown => JSON.parse(Buffer.from(app.desk.asked[0]?.body ?? []).toString())

describe('embeddings for the openai client', () => {
  it.each([undefined, 'float', 'base64'] as const)(
    'come in the order of the texts, encoded as %s',
    async (encoding) => {
      const answer = await client.embeddings.create({
        ...request,
        dimensions: 2,
        ...(encoding === undefined ? {} : { encoding_format: encoding }),
      })
      const plain = answer.data.map(({ index, embedding }) => ({
        index,
        embedding:
          typeof embedding === 'string'
            ? [...new Float32Array(new Uint8Array(Buffer.from(embedding, 'base64')).buffer)]
            : embedding,
      }))
      expect({ ...answer, data: plain }).toEqual({
        object: 'list',
        data: [
          { index: 0, embedding: [0.25, 1] },
          { index: 1, embedding: [0.5, -2] },
        ],
        model: 'embedder',
        usage: { prompt_tokens: 120, total_tokens: 120 },
      })
      expect(app.desk.asked[0]).toMatchObject({
        feature: 'openai-embeddings',
        model: { kind: 'name', name: 'embedder' },
      })
      expect(inputOf()).toEqual({ texts: request.input, dimensions: 2 })
    },
  )

  it('take one text as well', async () => {
    app.desk.script = () => answerOf([vector(0, [1]), end()])
    const answer = await client.embeddings.create({ model: 'embedder', input: 'one' })
    expect(answer.data).toHaveLength(1)
    expect(inputOf()).toEqual({ texts: ['one'], dimensions: null })
  })

  it('are limited by the longest text, not by all together', async () => {
    await client.embeddings.create({ model: 'embedder', input: Array.from({ length: 40 }, () => 'x'.repeat(150)) })
    await expect(client.embeddings.create({ model: 'embedder', input: ['x', 'y'.repeat(2000)] })).rejects.toMatchObject(
      {
        status: 400,
        param: 'input',
      },
    )
  })

  it.each([
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: ['a', ''] }, 'input'],
    [{ input: [1, 2, 3] }, 'input'],
    [{ input: [[1, 2]] }, 'input'],
    [{ input: { text: 'a' } }, 'input'],
    [{ input: ['a', null] }, 'input[1]'],
    [{ input: undefined }, 'input'],
    [{ input: Array.from({ length: 2049 }, () => 'a') }, 'input'],
    [{ dimensions: 0 }, 'dimensions'],
    [{ dimensions: '2' }, 'dimensions'],
    [{ encoding_format: 'hex' }, 'encoding_format'],
    [{ truncate: true }, 'truncate'],
    [{ model: 7 }, 'model'],
    [{ model: 'coder' }, 'model'],
  ])('for %j are refused by the name of the field', async (over, param) => {
    const response = await app.openAi('/v1/embeddings', { ...request, ...over })
    expect([response.status, ((await response.json()) as { error: { param: string } }).error.param]).toEqual([
      400,
      param,
    ])
    expect(app.desk.asked).toEqual([])
  })

  it('are not for a key without that model', async () => {
    await expect(client.withOptions({ apiKey: limitedKey }).embeddings.create(request)).rejects.toMatchObject({
      status: 404,
      param: 'model',
    })
  })

  it('are what an embedding model is for: it answers no chat', async () => {
    const chat = { model: 'embedder', messages: [{ role: 'user' as const, content: 'Hi' }] }
    await expect(client.chat.completions.create(chat)).rejects.toMatchObject({ status: 400, param: 'model' })
  })

  it("come through GitLab's proxy from the default model, whatever the vendor's name", async () => {
    const response = await app.gitlab('/ai/v1/proxy/openai/v1/embeddings', {
      body: { ...request, model: 'text-embedding-3-small' },
      headers: { 'x-gitlab-unit-primitive': purpose },
      claims: { scopes: [purpose] },
    })
    expect([response.status, ((await response.json()) as { data: unknown[] }).data]).toEqual([
      200,
      [
        { object: 'embedding', index: 0, embedding: [0.25, 1] },
        { object: 'embedding', index: 1, embedding: [0.5, -2] },
      ],
    ])
  })
})
