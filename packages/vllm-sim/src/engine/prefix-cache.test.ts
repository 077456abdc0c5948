import { expect, test } from 'vitest'
import { EngineRun } from '../../test/engine-run.ts'

const parts = ['system', 'tools', 'history', 'question']
const prompt = { promptTokens: 64, parts }

test('a prompt seen before is read from the cache, all but its last block', () => {
  const run = new EngineRun()
  expect(run.play(prompt).cachedTokens).toBe(0)
  expect(run.play(prompt).cachedTokens).toBe(48)
  expect(run.engine.counters()).toMatchObject({ prefixQueryTokens: 128, prefixHitTokens: 48 })
})

test('a prompt is shared up to the first block that differs, and not after it', () => {
  const run = new EngineRun()
  run.play({ promptTokens: 80, parts: [...parts, 'end'] })
  expect(run.play({ promptTokens: 80, parts: ['system', 'tools', 'other', 'question', 'end'] }).cachedTokens).toBe(32)
  expect(run.play({ promptTokens: 80, parts: ['other', 'tools', 'history', 'question', 'end'] }).cachedTokens).toBe(0)
})

test('neither another salt nor another adapter shares, and the same ones do', () => {
  const run = new EngineRun()
  run.play(prompt)
  for (const other of [{ cacheSalt: 'tenant' }, { lora: 'sql' }, { lora: 'sql', cacheSalt: 'tenant' }]) {
    expect(run.play({ ...prompt, ...other }).cachedTokens).toBe(0)
    expect(run.play({ ...prompt, ...other }).cachedTokens).toBe(48)
  }
})

test('two that arrive together share what the first computes in that very step', () => {
  const run = new EngineRun()
  const [first, second] = [run.submit(prompt), run.submit(prompt)]
  run.clock.run()
  expect([first.trace.cachedTokens, second.trace.cachedTokens]).toEqual([0, 48])
  expect(second.trace.admittedAt).toBe(first.trace.admittedAt)
})

test('blocks of 512-token parts are found part by part', () => {
  const run = new EngineRun()
  run.play({ promptTokens: 1100, parts: [7, 8, 9], partTokens: 512 })
  expect(run.play({ promptTokens: 1500, parts: [7, 8, 10], partTokens: 512 }).cachedTokens).toBe(1024)
})

test('cached blocks that nobody holds count as free, and the least recently used go first', () => {
  // 20 usable blocks; each of these takes five, of which the four of its prompt stay findable.
  const run = new EngineRun({ kvBlocks: 21 })
  const ask = (name: string) => run.play({ promptTokens: 64, outputTokens: 5, parts: [name, name, name, name] })
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  expect(run.engine.load().kvCacheUsageRatio).toBe(0)
  expect(ask('a').cachedTokens).toBe(48)
  run.play({ promptTokens: 100, outputTokens: 5 })
  expect(ask('a').cachedTokens).toBe(48)
  expect(ask('b').cachedTokens).toBe(0)
})

test('the end of a text is evicted before its beginning', () => {
  const run = new EngineRun({ kvBlocks: 9 })
  run.play({ promptTokens: 128, outputTokens: 1, parts: [1, 2, 3, 4, 5, 6, 7, 8] })
  run.play({ promptTokens: 48, outputTokens: 1 })
  expect(run.play({ promptTokens: 128, outputTokens: 1, parts: [1, 2, 3, 4, 5, 6, 7, 8] }).cachedTokens).toBe(80)
})

test('what was generated is found by the prompt that goes on from it', () => {
  const run = new EngineRun()
  const key = (index: number): number => index
  const answer = { promptTokens: 30, blockKey: key, flush: () => undefined }
  const say = (tokens: number, promptTokens: number) => {
    let made = 0
    return run.engine.submit({ ...answer, promptTokens, step: () => (++made < tokens ? 'more' : 'done') })
  }
  say(35, 30)
  run.clock.run()
  // 30 + 35 tokens, of which the last is never computed: four full blocks.
  const next = say(1, 100)
  run.clock.run()
  expect(next.cachedTokens).toBe(64)
})

test('the cache is only reset while no block is held, unless running sequences start over', () => {
  const run = new EngineRun()
  const { trace } = run.submit({ ...prompt, outputTokens: 100 })
  run.clock.run(50)
  expect(run.engine.resetPrefixCache()).toBe(false)
  expect(run.engine.resetPrefixCache({ preemptRunning: true })).toBe(true)
  run.clock.run()
  expect(trace).toMatchObject({ outcome: 'finished', outputTokens: 100, preemptions: 1 })
  expect(trace.recomputedTokens).toBeGreaterThan(64)
  expect(run.engine.resetPrefixCache()).toBe(true)
  expect(run.play(prompt).cachedTokens).toBe(0)
})

test('without prefix caching nothing is shared', () => {
  const run = new EngineRun({ prefixCaching: false })
  run.play(prompt)
  expect(run.play(prompt).cachedTokens).toBe(0)
})
