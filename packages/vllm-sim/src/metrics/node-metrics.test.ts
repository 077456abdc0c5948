import { expect, test } from 'vitest'
import { completion, post, started, until, whole } from '../../test/ask-node.ts'
import { profileNames } from '../index.ts'
import type { SimulatedNode } from '../index.ts'

const scrape = async (node: SimulatedNode): Promise<string> => (await fetch(`${node.origin}/metrics`)).text()
const sum = (text: string, name: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`vllm:${name}{`))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)

const perAnswer = [
  'e2e_request_latency_seconds',
  'request_queue_time_seconds',
  'request_inference_time_seconds',
  'request_prefill_time_seconds',
  'request_decode_time_seconds',
  'request_prompt_tokens',
  'request_generation_tokens',
  'request_max_num_generation_tokens',
  'request_prefill_kv_computed_tokens',
  'request_params_n',
]

test('every histogram of answers counts exactly those that ended, and clients that left are not among them', async () => {
  const node = await started({ itlMs: 1 })
  await Promise.all([
    whole(node, completion, { prompt: 'one two', max_tokens: 5 }),
    whole(node, completion, { prompt: ['a', 'b'], n: 2, max_tokens: 3 }),
    post(node, completion, { prompt: 'x', n: 0 }),
  ])
  const leaving = new AbortController()
  const left = await post(node, completion, { prompt: 'x', max_tokens: 5000, stream: true }, { signal: leaving.signal })
  await left.body?.getReader().read()
  leaving.abort()
  await until(() => node.totals().running === 0)
  node.injectFault({ kind: 'abort_finish', afterTokens: 2 })
  await whole(node, completion, { prompt: 'x', max_tokens: 5 })
  const text = await scrape(node)
  expect(sum(text, 'request_success_total')).toBe(6)
  for (const name of perAnswer) expect([name, sum(text, `${name}_count`)]).toEqual([name, 6])
  for (const name of perAnswer)
    expect(text).toContain(`vllm:${name}_bucket{engine="0",model_name="penstock-sim",le="+Inf"} 6`)
  expect(sum(text, 'time_to_first_token_seconds_count')).toBe(7)
  expect(sum(text, 'generation_tokens_total')).toBe(node.totals().tokens)
  expect(sum(text, 'request_generation_tokens_sum')).toBe(5 + 12 + 2)
  expect(sum(text, 'iteration_tokens_total_sum')).toBeGreaterThan(0)
  expect(text).toMatch(/http_requests_total\{handler="\/v1\/completions",method="POST",status="4xx"\} 1\n/)
})

test('a family has its type, its help and, for counters and histograms, when it was created', async () => {
  const text = await scrape(await started())
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const name = /^[^{ ]+/.exec(line)?.[0] ?? ''
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    expect([name, types.has(family)]).toEqual([name, true])
    expect(Number(line.split(' ').at(-1))).not.toBeNaN()
  }
  expect(types.get('vllm:num_requests_waiting')).toBe('gauge')
  expect(types.get('vllm:prompt_tokens_total')).toBe('counter')
  expect(types.get('vllm:prompt_tokens_created')).toBe('gauge')
  expect(types.get('vllm:iteration_tokens_total')).toBe('histogram')
})

test('each release has its own names', async () => {
  const node = await started()
  const having = async (name: string): Promise<string[]> => {
    const found: string[] = []
    for (const profile of profileNames) {
      node.configure({ profile })
      if ((await scrape(node)).includes(`vllm:${name}{`)) found.push(profile)
    }
    return found
  }
  expect(await having('gpu_cache_usage_perc')).toEqual(['v0.6', 'v0.10', 'v0.11'])
  expect(await having('kv_cache_usage_perc')).toEqual(['v0.10', 'v0.11', 'v0.19', 'v0.24', 'v0.32'])
  expect(await having('gpu_prefix_cache_hits_total')).toEqual(['v0.10', 'v0.11'])
  expect(await having('gpu_prefix_cache_hit_rate')).toEqual(['v0.6'])
  expect(await having('time_per_output_token_seconds_count')).toEqual(['v0.6', 'v0.10', 'v0.11'])
  expect(await having('inter_token_latency_seconds_count')).toEqual(['v0.11', 'v0.19', 'v0.24', 'v0.32'])
  expect(await having('engine_sleep_state')).toEqual(['v0.11', 'v0.19', 'v0.24', 'v0.32'])
  expect(await having('num_requests_swapped')).toEqual(['v0.6'])
})

test('adapters, sleep and refusals show in their series', async () => {
  const node = await started({
    profile: 'v0.32',
    queuedRequestsMax: 1,
    devMode: true,
    loraAdapters: [{ name: 'sql', path: '/a' }],
  })
  await post(node, completion, { prompt: ['a', 'b'] })
  await post(node, '/sleep?level=2', {})
  const waiting = whole(node, completion, { model: 'sql', prompt: 'x' })
  await until(async () => (await scrape(node)).includes('waiting_lora_adapters="sql"'))
  const text = await scrape(node)
  expect(text).toMatch(/engine_sleep_state\{[^}]*sleep_state="discard_all"\} 1/)
  expect(sum(text, 'admission_rejections_total')).toBe(1)
  expect(text).toMatch(/num_requests_waiting_by_reason\{[^}]*reason="capacity"\} 1/)
  await post(node, '/wake_up', {})
  await waiting
})
