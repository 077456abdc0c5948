import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { chat, choiceOf, choiceText, completion, events, post, started, until, whole } from '../../test/ask-node.ts'
import { expectedText, faultKinds, startSimulatedNode } from '../index.ts'
import type { FaultInput, SimulatedNode } from '../index.ts'

const prompt = 'Water'
const asked = { prompt, max_tokens: 12, stream: true }
const said = expectedText({ model: 'penstock-sim', request: asked })
const ask = (node: SimulatedNode, init?: RequestInit): Promise<Response> => post(node, completion, asked, init)
const isWell = async (node: SimulatedNode): Promise<void> => {
  const { chunks, last } = await events(await ask(node))
  expect([choiceText(choiceOf(chunks, 0)), last]).toEqual([said, '[DONE]'])
}
const health = async (node: SimulatedNode): Promise<number> => (await fetch(`${node.origin}/health`)).status
const armed = async (node: SimulatedNode): Promise<string[]> => {
  const rules = (await (await fetch(`${node.adminUrl}/fault`)).json()) as { fault: { kind: string } }[]
  return rules.map(({ fault }) => fault.kind)
}
const refusesConnections = async (node: SimulatedNode): Promise<boolean> =>
  fetch(`${node.origin}/health`, { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  )

test('a truncated stream ends in order, without finish and end mark', async () => {
  const node = await started()
  node.injectFault({ kind: 'truncate', afterTokens: 3 })
  const text = await (await ask(node)).text()
  expect(text.match(/"text"/g)?.length).toBe(3)
  expect(text).not.toMatch(/\[DONE\]|"finish_reason":"/)
  node.injectFault({ kind: 'truncate', afterTokens: 3 })
  await expect((await post(node, completion, { prompt })).json()).rejects.toThrow('terminated')
  await isWell(node)
})

test('an error event stands in the stream before its end mark, and is a 500 where nothing was streamed', async () => {
  const node = await started()
  node.injectFault({ kind: 'error_event', afterTokens: 2 }, 2)
  const text = await (await ask(node)).text()
  expect(text).toMatch(/"code":500\}\}\n\ndata: \[DONE\]\n\n$/)
  expect((await post(node, completion, { prompt })).status).toBe(500)
})

test('an abort finish has the partial text and status 200', async () => {
  const node = await started()
  node.injectFault({ kind: 'abort_finish', afterTokens: 4 })
  const { chunks, last } = await events(await ask(node))
  expect(last).toBe('[DONE]')
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('abort')
  expect(said.startsWith(choiceText(choiceOf(chunks, 0)))).toBe(true)
  expect(node.totals().abortedByNode).toBe(1)
})

test('garbage is one broken line among the true ones', async () => {
  const node = await started()
  node.injectFault({ kind: 'garbage', afterTokens: 2 })
  const lines = (await (await ask(node)).text()).split('\n\n').filter((line) => line.startsWith('data: {'))
  const broken = lines.filter((line) => {
    try {
      return JSON.parse(line.slice(6)) === undefined
    } catch {
      return true
    }
  })
  expect(broken.length).toBe(1)
  expect(lines.length).toBe(13)
})

test.each<FaultInput>([{ kind: 'one_byte' }, { kind: 'split_utf8' }, { kind: 'burst' }])(
  '$kind changes the packets and no byte',
  async (fault) => {
    const node = await started()
    node.injectFault(fault)
    const response = await post(node, completion, { ...asked, prompt: 'x', max_tokens: 40 })
    const packets: Buffer[] = []
    for await (const packet of response.body ?? []) packets.push(Buffer.from(packet))
    const { chunks } = await events(new Response(Buffer.concat(packets)))
    expect(choiceText(choiceOf(chunks, 0))).toBe(
      expectedText({ model: 'penstock-sim', request: { prompt: 'x' }, tokens: 40 }),
    )
    if (fault.kind === 'one_byte') expect(packets.length).toBeGreaterThan(1000)
    if (fault.kind === 'burst') expect(packets.length).toBeLessThan(20)
    if (fault.kind === 'split_utf8')
      expect(packets.some((packet) => !Buffer.from(packet.toString()).equals(packet))).toBe(true)
  },
)

test('an oversized frame brings its bytes in one line', async () => {
  const node = await started()
  node.injectFault({ kind: 'oversized_frame', afterTokens: 1, bytes: 3_000_000 })
  const longest = Math.max(...(await (await ask(node)).text()).split('\n').map((line) => line.length))
  expect(longest).toBeGreaterThan(3_000_000)
})

test('statuses, redirects, wrong names, ids and clocks come as told', async () => {
  const node = await started()
  node.injectFault({ kind: 'http_status', status: 429 })
  expect((await ask(node)).status).toBe(429)
  node.injectFault({ kind: 'http_503_admission' })
  expect((await ask(node)).status).toBe(503)
  node.injectFault({ kind: 'redirect', location: 'http://elsewhere/' })
  const redirect = await ask(node, { redirect: 'manual' })
  expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'http://elsewhere/'])
  node.injectFault({ kind: 'wrong_model', model: 'stranger' })
  expect(await whole(node, completion, { prompt })).toMatchObject({ model: 'stranger' })
  node.injectFault({ kind: 'wrong_id' })
  expect((await whole(node, completion, { prompt, request_id: 'mine' })).id).not.toContain('mine')
  node.injectFault({ kind: 'clock_skew', skewMs: -3_600_000 })
  const { created } = (await whole(node, completion, { prompt })) as unknown as { created: number }
  expect(Date.now() / 1000 - created).toBeGreaterThan(3500)
})

test('a rule strikes only what it matches, as often as its count and probability say', async () => {
  const node = await started()
  node.injectFault({ kind: 'http_500', match: { path: chat }, count: null })
  node.injectFault({
    kind: 'http_status',
    status: 418,
    match: { id: 'job-7.', prompt: 'Water', stream: true },
    count: null,
  })
  expect((await ask(node)).status).toBe(200)
  expect((await ask(node, { headers: { 'x-request-id': 'job-7.2' } })).status).toBe(418)
  expect((await post(node, chat, { messages: [{ role: 'user', content: 'x' }] })).status).toBe(500)
  node.clearFaults()
  node.injectFault({ kind: 'http_500', probability: 0.5, count: null })
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await ask(node)).status))
  const struck = statuses.filter((status) => status === 500).length
  expect(struck).toBeGreaterThan(10)
  expect(struck).toBeLessThan(50)
})

test('a crash resets streams and closes the port, and the node comes back with new counters', async () => {
  const node = await started({ itlMs: 2 })
  await isWell(node)
  node.injectFault({ kind: 'crash', when: 'after_tokens', afterTokens: 3, restartAfterMs: 50 })
  await expect((await ask(node)).text()).rejects.toThrow('terminated')
  await until(async () => !(await refusesConnections(node)))
  const metrics = await (await fetch(`${node.origin}/metrics`)).text()
  expect(/vllm:generation_tokens_total\{[^}]*\} (\d+)/.exec(metrics)?.[1]).toBe('0')
  await isWell(node)
  expect(node.totals()).toMatchObject({ failed: 1, finished: 2, running: 0 })
})

test('a dead engine ends streams with an error, fails health and later requests, then the process exits', async () => {
  const node = await started({ itlMs: 5 })
  const streamed = await post(node, completion, { ...asked, max_tokens: 5000 })
  await until(() => node.totals().tokens > 2)
  node.injectFault({ kind: 'engine_dead', exitAfterMs: 60_000 })
  expect(await streamed.text()).toMatch(/EngineCore.*\n\ndata: \[DONE\]\n\n$/)
  expect(await health(node)).toBe(503)
  expect((await ask(node)).status).toBe(500)
  node.injectFault({ kind: 'engine_dead', exitAfterMs: 0 })
  await until(() => refusesConnections(node))
  node.injectFault({ kind: 'crash', restartAfterMs: 0 })
  await until(async () => !(await refusesConnections(node)))
  expect(await health(node)).toBe(200)
  await isWell(node)
})

test('memory runs out where the cache is full', async () => {
  const node = await started({ itlMs: 2, kvCacheTokens: 100 })
  node.injectFault({ kind: 'oom', kvUsageRatio: 0.5, exitAfterMs: 60_000 })
  expect(await (await post(node, completion, { ...asked, max_tokens: 5000 })).text()).toContain('InternalServerError')
  expect(await health(node)).toBe(503)
})

test('memory runs out as often as the rule says, once each time the cache fills', async () => {
  const node = await started({ itlMs: 2, kvCacheTokens: 100 })
  node.injectFault({ kind: 'oom', kvUsageRatio: 0.5, exitAfterMs: 0, restartAfterMs: 0, count: 2 })
  for (let life = 0; life < 2; life++) {
    expect(await (await post(node, completion, { ...asked, max_tokens: 5000 })).text()).toContain('EngineCore')
    await until(async () => !(await refusesConnections(node)) && (await health(node)) === 200)
  }
  expect(await armed(node)).toEqual([])
  await isWell(node)
})

test('what lasts goes on in the next life of the process, and what struck is not armed any more', async () => {
  const node = await started({ kvCacheTokens: 32_000 })
  const engine = async (): Promise<number> => {
    const { load } = (await (await fetch(`${node.adminUrl}/engine`)).json()) as { load: { kvBlocks: number } }
    return load.kvBlocks
  }
  node.injectFault({ kind: 'kv_pressure', ratio: 0.25 })
  node.injectFault({ kind: 'engine_hang' })
  node.injectFault({ kind: 'crash', restartAfterMs: 0 })
  await until(async () => !(await refusesConnections(node)))
  expect([await engine(), await armed(node)]).toEqual([500, ['kv_pressure', 'engine_hang']])
  const pending = ask(node).then((response) => response.text())
  await until(() => node.totals().running === 1)
  expect(node.totals().tokens).toBe(0)
  node.clearFaults()
  expect(await pending).toContain('[DONE]')
  expect(await engine()).toBe(2000)
})

test('a node that refuses connections refuses them after a restart too', async () => {
  const node = await started()
  const id = node.injectFault({ kind: 'refuse' })
  node.injectFault({ kind: 'crash', restartAfterMs: 0, count: 3 })
  await until(async () => (await armed(node)).length === 1)
  expect(await refusesConnections(node)).toBe(true)
  await fetch(`${node.adminUrl}/fault?id=${id}`, { method: 'DELETE' })
  await until(async () => !(await refusesConnections(node)))
  await isWell(node)
})

test('under pressure a smaller cache preempts, answers come whole, and all of it is back after', async () => {
  await using node = await startSimulatedNode({
    kvCacheTokens: 2000,
    performance: { profile: 'llama-3.1-8b@h100' },
    speed: 20,
  })
  node.injectFault({ kind: 'kv_pressure', ratio: 0.3 })
  const prompts = ['a', 'b', 'c'].map((one) => one.repeat(900))
  const answers = await Promise.all(
    prompts.map((one) =>
      whole(node, completion, { prompt: one, max_tokens: 200 }).then(({ choices }) => choices[0]?.text),
    ),
  )
  expect(answers).toEqual(
    prompts.map((one) => expectedText({ model: 'penstock-sim', request: { prompt: one }, tokens: 200 })),
  )
  expect(node.requests().reduce((sum, { preemptions }) => sum + preemptions, 0)).toBeGreaterThan(0)
  const before = node.requests().length
  node.clearFaults()
  await Promise.all(prompts.map((one) => whole(node, completion, { prompt: `${one}.`, max_tokens: 200 })))
  expect(
    node
      .requests()
      .slice(before)
      .map(({ preemptions }) => preemptions),
  ).toEqual([0, 0, 0])
})

test('a hung engine brings nothing while health is well, and goes on after', async () => {
  const node = await started()
  const id = node.injectFault({ kind: 'engine_hang' })
  const pending = ask(node).then((response) => response.text())
  await until(() => node.totals().running === 1)
  expect(await health(node)).toBe(200)
  expect(node.totals().tokens).toBe(0)
  expect((await fetch(`${node.adminUrl}/fault?id=${id}`, { method: 'DELETE' })).status).toBe(200)
  expect(await pending).toContain('[DONE]')
  node.injectFault({ kind: 'sleep_hang' })
  const asleep = ask(node).then((response) => response.text())
  await until(() => node.totals().running === 1)
  expect(await health(node)).toBe(200)
  node.clearFaults()
  expect(await asleep).toContain('[DONE]')
})

test('a slow node takes its factor longer between tokens', async () => {
  const node = await started({ itlMs: 4 })
  node.injectFault({ kind: 'slow', factor: 10 })
  await isWell(node)
  const [record] = node.requests()
  expect((record?.finishedAt ?? 0) - (record?.firstTokenAt ?? 0)).toBeGreaterThan(11 * 30)
})

test('a node that refuses connections takes them again when the rule ends', async () => {
  const node = await started()
  node.injectFault({ kind: 'refuse' })
  expect(await refusesConnections(node)).toBe(true)
  node.clearFaults()
  await until(async () => !(await refusesConnections(node)))
  await isWell(node)
})

test('a node that is starting up takes connections and answers later', async () => {
  const node = await started()
  node.injectFault({ kind: 'slow_accept' })
  const socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  let answered = false
  const pending = health(node).finally(() => (answered = true))
  await fetch(`${node.adminUrl}/fault`)
  expect(answered).toBe(false)
  node.clearFaults()
  expect(await pending).toBe(200)
})

test('a reused connection is closed in the race, a fresh one is served', async () => {
  const node = await started()
  node.injectFault({ kind: 'keepalive_race' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const get = (): Promise<number | string> =>
    new Promise((resolve) => {
      const sent = httpRequest(`${node.origin}/health`, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')).end()
    })
  expect([await get(), await get()]).toEqual([200, 'ECONNRESET'])
  agent.destroy()
})

test('a half-open node does not notice that its client left', async () => {
  const node = await started({ itlMs: 5 })
  node.injectFault({ kind: 'half_open' })
  const leaving = new AbortController()
  const response = await post(node, completion, { ...asked, max_tokens: 30 }, { signal: leaving.signal })
  await response.body?.getReader().read()
  leaving.abort()
  await until(() => node.totals().running === 0)
  expect(node.totals()).toMatchObject({ abortedByClient: 0, finished: 1 })
})

test('metrics stand still, miss series or fail while a rule says so', async () => {
  const node = await started()
  const metrics = async (): Promise<string> => (await fetch(`${node.origin}/metrics`)).text()
  const before = await metrics()
  const id = node.injectFault({ kind: 'stale_metrics' })
  await isWell(node)
  expect(await metrics()).toBe(before)
  await fetch(`${node.adminUrl}/fault?id=${id}`, { method: 'DELETE' })
  expect(await metrics()).not.toBe(before)
  node.injectFault({ kind: 'metrics_missing_series', names: ['num_requests_waiting'] })
  expect(await metrics()).not.toContain('num_requests_waiting')
})

test('an unknown kind of fault is told what exists', async () => {
  const node = await started()
  const response = await fetch(`${node.adminUrl}/fault`, { method: 'POST', body: '{"kind":"explode"}' })
  expect(response.status).toBe(400)
  const { error } = (await response.json()) as { error: string }
  for (const kind of faultKinds) expect(error).toContain(kind)
})
