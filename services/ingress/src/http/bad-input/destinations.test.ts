import dns from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { resolveModel, validateDocument } from '@penstock/config'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { completionBody, startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

/**
 * A request never chooses a destination (group F of the security catalogue): its endpoint and identifier select an entry of the
 * configuration or are refused, and nothing connects to them.
 */
let app: TestApp
let connections = 0
const trap = createServer((socket) => {
  connections++
  socket.destroy()
})
let trapPort = 0
beforeAll(async () => {
  app = await startTestApp()
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  trapPort = (trap.address() as AddressInfo).port
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await new Promise((resolve) => trap.close(resolve))
})

const validated = validateDocument({
  nodes: [{ name: 'n', url: 'http://vllm.example.test:8000/v1', aliases: ['https://gpu.example.test/v1'] }],
  pools: [{ name: 'p', nodes: ['n'] }],
  models: [{ name: 'm', family: 'mistral', servedName: 'house', pool: 'p' }],
  features: { 'code-completion': { model: 'm' } },
})
if (!validated.ok) throw new Error('the document is invalid')
const resolve = (endpoint: string, identifier = 'custom_openai/house') =>
  resolveModel(validated.document, {
    feature: { name: 'code-completion' },
    metadata: { endpoint, identifier, family: 'mistral' },
  })

const strangers: readonly (readonly [id: string, endpoint: string])[] = [
  ['F1', 'http://169.254.169.254/latest/meta-data'],
  ['F1', 'http://[fd00:ec2::254]/'],
  ['F1', 'http://metadata.google.internal/'],
  ['F2', 'http://127.0.0.1:6379'],
  ['F2', 'http://0/'],
  ['F2', 'http://2130706433/'],
  ['F2', 'http://0x7f.1/'],
  ['F2', 'http://[::ffff:127.0.0.1]/'],
  ['F2', 'http://localhost./'],
  ['F4', 'http://vllm.example.test:8001/v1'],
  ['F4', 'http://vllm.example.test:8000/v2'],
  ['F4', 'http://vllm.example.test:8000/v1/../admin'],
  ['F4', 'http://vllm.example.test:8000/v1%2f..'],
  ['F4', 'https://vllm.example.test:8000/v1'],
  ['F4', 'http://vllm.example.test.evil.tld:8000/v1'],
  ['F4', 'http://evil.tld/#vllm.example.test:8000/v1'],
  ['F4', 'http://vllm.example.test.:8000/v1'],
]
const noAddresses: readonly (readonly [id: string, endpoint: string])[] = [
  ['F3', 'file:///etc/passwd'],
  ['F3', 'gopher://127.0.0.1:6379/_FLUSHALL'],
  ['F3', 'unix:/var/run/docker.sock'],
  ['F3', 'data:text/plain,x'],
  ['F3', 'not a url'],
]

describe('an endpoint in a request', () => {
  it.each([
    ...strangers,
    ['F3', 'http://user:pw@vllm.example.test:8000/v1'] as const,
    ['F4', 'http://vllm.example.test:8000\\@evil.tld/v1'] as const,
  ])('%s: %s selects nothing', (_id, endpoint) => {
    expect(resolve(endpoint)).toMatchObject({ kind: 'unknown_model' })
    expect(JSON.stringify(resolve(endpoint))).not.toContain('evil')
  })

  it.each(['http://vllm.example.test:8000/v1', 'HTTP://VLLM.example.test:8000/v1/', 'https://gpu.example.test:443/v1'])(
    'F4: %s is a spelling of a configured one',
    (endpoint) => {
      expect(resolve(endpoint)).toMatchObject({ kind: 'model', model: { name: 'm' } })
    },
  )

  it.each(noAddresses)('%s: %s is invalid on every endpoint that takes one', async (_id, endpoint) => {
    const metadata = { provider: 'openai', name: 'mistral', endpoint, identifier: 'custom_openai/m' }
    const payload = { file_name: 'a.py', content_above_cursor: 'x', content_below_cursor: '' }
    const answers = await Promise.all([
      app.gitlab('/v2/completions', { body: completionBody({ model_endpoint: endpoint }) }),
      app.gitlab('/v4/code/suggestions', {
        body: { prompt_components: [{ type: 'code_editor_completion', payload }], model_metadata: metadata },
      }),
      app.gitlab('/v1/embeddings/code_embeddings', {
        body: { contents: ['x'], model_metadata: { ...metadata, provider: 'litellm', name: 'embedding' } },
        claims: { scopes: ['generate_embeddings_codebase'] },
      }),
      app.gitlab('/v1/prompts/generate_commit_message', {
        body: { inputs: { diff: 'x' }, model_metadata: metadata },
        claims: { scopes: ['generate_commit_message'] },
      }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422])
    expect(app.desk.asked).toEqual([])
  })

  it('F1, F2: no endpoint is ever connected to', async () => {
    const model_endpoint = `http://127.0.0.1:${trapPort}/v1`
    expect((await app.gitlab('/v2/completions', { body: completionBody({ model_endpoint }) })).status).toBe(200)
    expect(app.desk.asked.at(-1)?.model).toMatchObject({ kind: 'metadata', endpoint: model_endpoint })
    expect(connections).toBe(0)
    app.desk.asked.length = 0
  })

  it('F5: no name in a request is ever looked up, so none can change its address behind a check', async () => {
    const lookup = vi.spyOn(dns, 'lookup')
    try {
      const model_endpoint = 'http://rebind.example.test:8000/v1'
      expect((await app.gitlab('/v2/completions', { body: completionBody({ model_endpoint }) })).status).toBe(200)
      expect(lookup.mock.calls.map(([name]) => name)).not.toContain('rebind.example.test')
      expect(connections).toBe(0)
    } finally {
      lookup.mockRestore()
      app.desk.asked.length = 0
    }
  })

  it('F7: a key in a request goes nowhere', async () => {
    await app.gitlab('/v2/completions', { body: completionBody({ model_api_key: 'sk-CANARY-KEY' }) })
    const { body, ...intake } = app.desk.asked.at(-1) as { body: Uint8Array }
    expect(JSON.stringify(intake) + Buffer.from(body).toString() + JSON.stringify(app.log)).not.toContain('CANARY-KEY')
    app.desk.asked.length = 0
  })

  it.each(['bedrock/anthropic.claude', 'vertex_ai/gemini', 'custom_openai/../..', 'custom_openai/house/../other', ''])(
    'F8: the identifier %j alone picks no provider',
    (identifier) => {
      const picked = resolve('http://elsewhere.example.test/v1', identifier)
      expect(picked).toMatchObject({ kind: 'unknown_model' })
      const here = resolve('http://vllm.example.test:8000/v1', identifier)
      if (identifier !== '') expect(here).toMatchObject({ kind: 'unknown_model' })
    },
  )

  it.each(['http://127.0.0.1/x.png', 'https://evil.tld/x.png', 'file:///etc/passwd', 'ftp://x/y'])(
    'F9: the image %s is refused',
    async (url) => {
      const content = [{ type: 'image_url', image_url: { url } }]
      const response = await app.openAi('/v1/chat/completions', {
        model: 'chatter',
        messages: [{ role: 'user', content }],
      })
      expect(response.status).toBe(400)
      expect(app.desk.asked).toEqual([])
    },
  )
})
