import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '@penstock/config'
import { desiredNodesDefaults, laneTargets } from '@penstock/scheduling'
import { expect, test } from 'vitest'
import { PoolMetrics } from './pool-metrics.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/pools.md'), 'utf8')
const [, block = ''] = /^```yaml\n(nodes:[\s\S]*?)^```/m.exec(page) ?? []

const documentOf = (text: string, file: string) => {
  const parsed = parseConfig(text, { file })
  expect(parsed).toMatchObject({ ok: true })
  return parsed.ok ? parsed.document : undefined
}

test('the defaults that the page about pools lists are those of the code', () => {
  const written = documentOf(block, 'pools.md')
  const minimal = documentOf(
    'nodes: [{name: gpu-1, url: "http://gpu-1:8000/v1"}]\npools: [{name: coder, nodes: [gpu-1]}]\nmodels: []\n',
    'minimal.yaml',
  )
  const lanes = minimal?.pools[0]?.lanes.map((lane) => ({ ...lane, ...laneTargets[lane.name] }))
  expect(written?.pools).toEqual([{ ...minimal?.pools[0], lanes }])
  expect(written?.nodes).toEqual(minimal?.nodes)
})

test('what is absent by default has the defaults that the page names, once it is given', () => {
  const document = documentOf(
    'nodes: [{name: a, url: "http://a/v1", discover: {kind: dns-address}}]\n' +
      'pools: [{name: p, nodes: [a], waitingRoom: {}}]\n' +
      'models: [{name: m, family: general, servedName: m, pool: p, lora: {}}]\n',
    'given.yaml',
  )
  expect(document?.pools[0]?.waitingRoom).toEqual({ jobsMax: 100, holdMs: 50_000 })
  expect(document?.nodes[0]?.discover).toEqual({ kind: 'dns-address', everyMs: 5000 })
  expect(document?.models[0]?.lora).toEqual({ nodes: 2, onDemand: false })
  expect(page).toContain('`{jobsMax: 100, holdMs: 50000}`')
  expect(page).toContain('`everyMs: 5000`')
  expect(desiredNodesDefaults).toEqual({
    targetSaturation: 0.8,
    backlogMs: 10_000,
    smoothMs: 15_000,
    shrinkAfterMs: 300_000,
  })
})

test('every metric of pools stands on the page, and every one there exists', async () => {
  const text = await new PoolMetrics(() => []).registry.metrics()
  const exported = [...text.matchAll(/^# HELP penstock_(\S+)/gm)].map(([, name]) => name)
  const listed = [...page.matchAll(/`((?:pool|queue|discovery)_[a-z_]+)`/g)].map(([, name]) => name)
  expect(new Set(listed)).toEqual(new Set(exported.filter((name) => name !== 'admissions_total')))
})
