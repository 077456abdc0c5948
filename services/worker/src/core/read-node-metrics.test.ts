import { expect, test } from 'vitest'
import { readNodeMetrics } from './read-node-metrics.ts'

const metrics = (state: string): string => `# HELP vllm:engine_sleep_state sleep
# TYPE vllm:engine_sleep_state gauge
vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="awake"} ${state === 'awake' ? '1.0' : '0.0'}
vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="weights_offloaded"} ${state === 'awake' ? '0.0' : '1.0'}
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="26900"} 1.0
process_start_time_seconds 1.7641e+09
`

test('a node that sleeps is told from one that is awake', () => {
  expect(readNodeMetrics(metrics('awake')).asleep).toBe(false)
  expect(readNodeMetrics(metrics('weights_offloaded')).asleep).toBe(true)
})

test('the size of the KV cache and the start of the process are read', () => {
  expect(readNodeMetrics(metrics('awake'))).toMatchObject({ kvTokens: 430_400, processStartedAt: 1_764_100_000 })
})

test('what a node does not tell, or tells as nonsense, is unknown', () => {
  const unknown = { asleep: null, processStartedAt: null, kvTokens: null }
  expect(readNodeMetrics('')).toEqual(unknown)
  expect(
    readNodeMetrics('vllm:cache_config_info{num_gpu_blocks="None"} 1\nprocess_start_time_seconds NaN\n<html>'),
  ).toEqual(unknown)
})
