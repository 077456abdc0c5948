import { createHash } from 'node:crypto'
import { runCli } from '@penstock/cli'
import { waitFor } from '@penstock/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

const flooderKey = 'sk-test-flooder'
let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({
    nodes: 1,
    workers: 1,
    routers: 2,
    nodeInFlightMax: 2,
    nodeEnv: { VLLM_SIM_TTFT_MS: '50', VLLM_SIM_ITL_MS: '5' },
    configure: (document) => ({
      ...document,
      openai: {
        keys: [
          ...(document.openai?.keys ?? []),
          { name: 'flooder', sha256: createHash('sha256').update(flooderKey).digest('hex') },
        ],
      },
    }),
  })
})
afterAll(() => stack[Symbol.asyncDispose]())

const ask = (
  content: string,
  { key = stack.openAiKey, id = 'some', maxTokens = 20, signal = undefined as AbortSignal | undefined } = {},
) =>
  fetch(`${stack.apiUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-request-id': id },
    body: JSON.stringify({ model: testModel.name, messages: [{ role: 'user', content }], max_tokens: maxTokens }),
    ...(signal === undefined ? {} : { signal }),
  })

const penstock = async (...args: string[]): Promise<{ status: number; out: string; err: string }> => {
  const said = { out: '', err: '' }
  const status = await runCli(args, {
    environment: { NATS_URL: stack.stack.natsUrl },
    folder: stack.dataDir,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  })
  return { status, ...said }
}

test('explain tells from one id why a request went where it went, what it waited for and how it ended', async () => {
  expect((await ask('why?', { id: 'explain-me' })).status).toBe(200)
  const told = await waitFor(
    async () => {
      const { out } = await penstock('explain', 'explain-me', '--dir', 'archive')
      return out.includes('response.completed') && out
    },
    { what: 'the story in the archive', timeoutMs: 10_000 },
  )
  for (const fact of [
    /^request [\da-f]{32}$/m,
    /feature openai-chat -> model sim -> pool main, lane interactive/,
    /because +model "sim" by name, configuration 1/,
    /rank +\d+, 0 jobs before it/,
    /stop|length at node node-1, \d+ \+ 20 tokens/,
    /attempt 1 +behind 0,.* waited \d+ ms, w-[\da-f]+ at node-1 \((affinity|least-prefill)\)/,
  ])
    expect(told).toMatch(fact)
})

test('top shows pools and requests, cancel ends one, and explain names who did it', async () => {
  const answer = ask('long', { id: 'cancel-me', maxTokens: 2000 })
  await waitFor(async () => (await penstock('top', '--once')).out.includes('running'), { what: 'the request in top' })
  const { out } = await penstock('top', '--once')
  expect(out).toMatch(/1 requests at 1 ingresses/)
  expect(out).toMatch(/main +completion +0/)
  expect(out).not.toContain('\u001B')
  expect(JSON.parse((await penstock('top', '--json')).out)).toMatchObject({ count: 1, pools: [{ pool: 'main' }] })
  expect(await penstock('cancel', 'cancel-me', '--by', 'ann')).toMatchObject({ status: 0, out: '1 ended\n' })
  expect((await answer).status).toBe(429)
  expect(await penstock('cancel', 'cancel-me')).toMatchObject({ status: 1, err: expect.stringContaining('no request') })
  await waitFor(async () => (await penstock('explain', 'cancel-me', '--dir', 'archive')).out.includes('operator ann'), {
    what: 'the cancel in the archive',
    timeoutMs: 10_000,
  })
})

test('a user who floods is refused with an honest wait, and meanwhile another is served', async () => {
  const flood = Array.from({ length: 40 }, (_, n) => ask(`flood ${n}`, { key: flooderKey, maxTokens: 60 }))
  await waitFor(async () => (await penstock('top', '--json')).out.includes('"state": "waiting"'), { what: 'a line' })
  const calm = await ask('calm')
  expect(calm.status).toBe(200)
  const answers = await Promise.all(flood)
  const refused = answers.filter(({ status }) => status === 429)
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(8)
  expect(refused.length).toBeGreaterThanOrEqual(20)
  for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
})

test('every router shows the scaling signals of each pool', async () => {
  const read = async (router: string): Promise<string> => {
    const port = Number(stack.stack.process(router).readyInfo?.['metrics_port'])
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  }
  for (const router of ['router-1', 'router-2']) {
    const text = await waitFor(
      async () => {
        const metrics = await read(router)
        return metrics.includes('penstock_pool_slots{pool="main"} 2') && metrics
      },
      { what: 'the pool of that router' },
    )
    for (const name of ['depth', 'oldest_seconds', 'tokens', 'bytes'])
      expect(text).toContain(`penstock_queue_${name}{pool="main",lane="background"} 0`)
    expect(text).toMatch(/penstock_pool_desired_replicas\{pool="main"\} [1-9]/)
    expect(text).toMatch(/penstock_pool_saturation_ratio\{pool="main"\} \d/)
  }
})
