import { expect, test } from 'vitest'
import { chat, completion, events, post, started, until, whole } from '../test/ask-node.ts'
import { encodeTokens, expectedText, VirtualClock } from './index.ts'

const messages = [{ role: 'user', content: 'Hello' }]
const json = async (response: Response): Promise<unknown> => response.json()

test('tokenising and back gives the same text, and a chat counts as its prompt does', async () => {
  const node = await started({ apiKeys: ['secret'] })
  const text = 'Wasser läuft, 水も流れる 🌊.'
  const made = (await json(await post(node, '/tokenize', { prompt: text, return_token_strs: true }))) as {
    count: number
    tokens: number[]
    token_strs: string[]
  }
  expect(made).toMatchObject({ count: made.tokens.length, max_model_len: 131_072 })
  expect(made.token_strs.join('')).toBe(text)
  expect(await json(await post(node, '/detokenize', { tokens: made.tokens }))).toEqual({ prompt: text })
  const { count } = (await json(await post(node, '/tokenize', { messages }))) as { count: number }
  const asked = await post(node, chat, { messages, max_tokens: 1 }, { headers: { authorization: 'Bearer secret' } })
  expect(await json(asked)).toMatchObject({ usage: { prompt_tokens: count } })
  expect((await post(node, '/detokenize', { tokens: [1] })).status).toBe(400)
})

test('embeddings are unit vectors decided by the text, in both encodings', async () => {
  const node = await started({ task: 'embed', embeddingSize: 64 })
  const embed = (body: object): Promise<Response> => post(node, '/v1/embeddings', body)
  const { data, usage } = (await json(await embed({ input: ['one', 'two three', 'one'] }))) as {
    data: { index: number; embedding: number[] }[]
    usage: object
  }
  expect(data.map(({ index }) => index)).toEqual([0, 1, 2])
  expect(usage).toMatchObject({ prompt_tokens: 4, total_tokens: 4 })
  for (const { embedding } of data) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5)
  expect(data[0]?.embedding).toEqual(data[2]?.embedding)
  expect(data[0]?.embedding).not.toEqual(data[1]?.embedding)
  const coded = (await json(await embed({ input: encodeTokens(Buffer.from('one')), encoding_format: 'base64' }))) as {
    data: { embedding: string }[]
  }
  const bytes = Buffer.from(coded.data[0]?.embedding ?? '', 'base64')
  expect(Array.from({ length: 64 }, (_, at) => bytes.readFloatLE(at * 4))).toEqual(data[0]?.embedding)
  expect((await embed({ input: 'x', dimensions: 8 })).status).toBe(400)
  expect((await post(node, completion, { prompt: 'x' })).status).toBe(501)
  node.configure({ modelLengthMax: 2 })
  expect((await embed({ input: 'one two three' })).status).toBe(400)
})

test('adapters come and go with plain-text answers, and only where the node allows it', async () => {
  const node = await started()
  const load = (): Promise<Response> => post(node, '/v1/load_lora_adapter', { lora_name: 'sql', lora_path: '/a' })
  expect((await load()).status).toBe(404)
  node.configure({ runtimeLora: true })
  const loaded = await load()
  expect([loaded.status, loaded.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect((await load()).status).toBe(400)
  expect(await whole(node, completion, { model: 'sql', prompt: 'x' })).toMatchObject({ model: 'sql' })
  const unload = (): Promise<Response> => post(node, '/v1/unload_lora_adapter', { lora_name: 'sql' })
  expect((await unload()).status).toBe(200)
  expect((await unload()).status).toBe(404)
  expect((await post(node, completion, { model: 'sql', prompt: 'x' })).status).toBe(404)
})

test('a sleeping node aborts what runs, queues what comes, is well, and wakes', async () => {
  const node = await started({ itlMs: 2 })
  expect((await post(node, '/sleep', {})).status).toBe(404)
  node.configure({ devMode: true })
  const running = await post(node, chat, { messages, max_tokens: 5000, stream: true })
  await until(() => node.totals().tokens > 0)
  expect((await post(node, '/sleep?level=1', {})).status).toBe(200)
  expect((await events(running)).chunks.at(-1)?.choices[0]?.finish_reason).toBe('abort')
  expect(await json(await fetch(`${node.origin}/is_sleeping`))).toEqual({ is_sleeping: true })
  expect((await fetch(`${node.origin}/health`)).status).toBe(200)
  const queued = whole(node, chat, { messages, max_tokens: 3 })
  await until(() => node.totals().running === 1)
  await post(node, '/wake_up?tags=weights', {})
  expect(await json(await fetch(`${node.origin}/is_sleeping`))).toEqual({ is_sleeping: true })
  await post(node, '/wake_up', {})
  expect((await queued).choices[0]?.message.content).toBe(
    expectedText({ model: 'penstock-sim', request: { messages }, tokens: 3 }),
  )
  expect((await post(node, '/sleep?level=7', {})).status).toBe(400)
  expect((await post(node, '/pause?mode=odd', {})).status).toBe(400)
})

test('a paused node keeps its streams standing, and waits for them if told so', async () => {
  const node = await started({ itlMs: 2, devMode: true })
  const leaving = new AbortController()
  const body = { messages, max_tokens: 50_000, stream: true }
  const running = await post(node, chat, body, { signal: leaving.signal })
  await until(() => node.totals().tokens > 0)
  await post(node, '/pause?mode=keep', {})
  expect(await json(await fetch(`${node.origin}/is_paused`))).toEqual({ is_paused: true })
  const standing = node.totals().tokens
  await post(node, '/tokenize', { prompt: 'x' })
  expect(node.totals().tokens).toBe(standing)
  await post(node, '/resume', {})
  await until(() => node.totals().tokens > standing)
  leaving.abort()
  await running.body?.cancel().catch(() => undefined)
  await until(() => node.totals().running === 0)
  const other = whole(node, chat, { messages, max_tokens: 10 })
  await until(() => node.totals().running === 1)
  await post(node, '/pause?mode=wait', {})
  expect((await other).choices[0]?.finish_reason).toBe('length')
})

test('requests are aborted by their ids', async () => {
  const node = await started({ itlMs: 2, devMode: true })
  const kept = post(node, completion, { prompt: 'x', max_tokens: 30, request_id: 'kept' })
  const cut = post(node, completion, { prompt: 'x', max_tokens: 5000, request_id: 'cut' })
  await until(() => node.totals().running === 2)
  await post(node, '/abort_requests', { request_ids: ['cut'] })
  expect(await json(await cut)).toMatchObject({ choices: [{ finish_reason: 'abort' }] })
  expect(await json(await kept)).toMatchObject({ choices: [{ finish_reason: 'length' }] })
})

test('the prefix cache is not reset while blocks are held', async () => {
  const node = await started({ itlMs: 2, devMode: true })
  const reset = async (): Promise<unknown> => json(await post(node, '/reset_prefix_cache', {}))
  expect(await reset()).toEqual({ success: true })
  const leaving = new AbortController()
  const running = await post(
    node,
    completion,
    { prompt: 'x', max_tokens: 5000, stream: true },
    { signal: leaving.signal },
  )
  await until(() => node.totals().tokens > 0)
  expect(await reset()).toEqual({ success: false })
  leaving.abort()
  await running.body?.cancel().catch(() => undefined)
})

test('the load is counted only when the node is told to', async () => {
  const node = await started({ itlMs: 2 })
  const leaving = new AbortController()
  const running = await post(
    node,
    completion,
    { prompt: 'x', max_tokens: 5000, stream: true },
    { signal: leaving.signal },
  )
  const load = async (): Promise<unknown> => json(await fetch(`${node.origin}/load`))
  expect(await load()).toEqual({ server_load: 0 })
  node.configure({ serverLoadTracking: true })
  expect(await load()).toEqual({ server_load: 1 })
  leaving.abort()
  await running.body?.cancel().catch(() => undefined)
  node.configure({ profile: 'v0.6' })
  expect((await fetch(`${node.origin}/load`)).status).toBe(404)
})

test('keys guard more paths in newer releases', async () => {
  const node = await started({ apiKeys: ['secret'] })
  const status = async (path: string): Promise<number> => (await fetch(node.origin + path)).status
  expect([await status('/v1/models'), await status('/v2/rerank'), await status('/tokenize')]).toEqual([401, 401, 405])
  node.configure({ profile: 'v0.19' })
  expect([await status('/v1/models'), await status('/v2/rerank')]).toEqual([401, 405])
})

test('a node that starts up takes connections and answers when it is ready', async () => {
  const clock = new VirtualClock()
  const node = await started({ startupMs: 60_000, clock })
  let answered = false
  const health = fetch(`${node.origin}/health`).finally(() => (answered = true))
  await fetch(`${node.adminUrl}/totals`)
  expect(answered).toBe(false)
  clock.run(60_000)
  expect((await health).status).toBe(200)
})

test('releases that drain let running answers end at SIGTERM, and old ones cut them', async () => {
  const draining = await started({ itlMs: 2, shutdownTimeoutMs: 60_000 })
  const finishing = await post(draining, completion, { prompt: 'x', max_tokens: 60, stream: true })
  await until(() => draining.totals().tokens > 0)
  const stopped = draining.stop()
  expect((await events(finishing)).chunks.at(-1)?.choices[0]?.finish_reason).toBe('length')
  await stopped
  const old = await started({ itlMs: 2, profile: 'v0.10' })
  const cut = await post(old, completion, { prompt: 'x', max_tokens: 5000, stream: true })
  await until(() => old.totals().tokens > 0)
  await Promise.all([expect(cut.text()).rejects.toThrow('terminated'), old.stop()])
})
