import Anthropic from '@anthropic-ai/sdk'
import { RequestFailure } from '@penstock/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerOf, end, limitedKey, openAiKey, startTestApp, text } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())
beforeEach(() => {
  app.desk.asked.length = 0
  app.desk.script = () => answerOf([text('Hello '), text('there'), end()])
})

const clientOf = (credential: { apiKey: string | null; authToken?: string }): Anthropic =>
  new Anthropic({ baseURL: app.url, maxRetries: 0, ...credential })
const question = { model: 'chatter', max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hi' }] }

describe('the anthropic client with a key', () => {
  it.each([
    ['x-api-key', { apiKey: openAiKey }],
    ['a bearer token', { apiKey: null, authToken: openAiKey }],
  ])('as %s streams from the model it names', async (_how, credential) => {
    const message = await clientOf(credential).messages.stream(question).finalMessage()
    expect(message.content).toEqual([{ type: 'text', text: 'Hello there' }])
    expect(app.desk.asked[0]).toMatchObject({
      feature: 'anthropic-messages',
      model: { kind: 'name', name: 'chatter' },
      principal: expect.stringMatching(/^[\da-f]{32}$/),
    })
  })

  it('counts tokens', async () => {
    const { input_tokens: tokens } = await clientOf({ apiKey: openAiKey }).messages.countTokens({
      model: question.model,
      messages: question.messages,
    })
    expect(tokens).toBeGreaterThan(0)
  })

  it('hears of errors by their classes', async () => {
    const client = clientOf({ apiKey: openAiKey })
    await expect(clientOf({ apiKey: 'wrong' }).messages.create(question)).rejects.toMatchObject({
      constructor: Anthropic.AuthenticationError,
      error: { error: { type: 'authentication_error' } },
    })
    await expect(
      clientOf({ apiKey: limitedKey }).messages.create({ ...question, model: 'coder' }),
    ).rejects.toBeInstanceOf(Anthropic.NotFoundError)
    await expect(client.messages.create({ ...question, max_tokens: 0 })).rejects.toMatchObject({
      constructor: Anthropic.BadRequestError,
      message: expect.stringContaining('max_tokens'),
    })
    app.desk.script = () => Promise.reject(new RequestFailure('overloaded', { retryAfterMs: 2500 }))
    await expect(client.messages.create(question)).rejects.toBeInstanceOf(Anthropic.RateLimitError)
  })

  it('shows one key, not two', async () => {
    const headers = { 'x-api-key': openAiKey, authorization: `Bearer ${openAiKey}` }
    const response = await fetch(`${app.url}/v1/messages`, { method: 'POST', body: JSON.stringify(question), headers })
    expect(response.status).toBe(401)
    expect(app.desk.asked).toEqual([])
  })

  it("has no use for a token of GitLab's", async () => {
    expect((await app.gitlab('/v1/messages', { body: question })).status).toBe(401)
    const get = await fetch(`${app.url}/v1/messages`, { headers: { 'x-api-key': openAiKey } })
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })
})
