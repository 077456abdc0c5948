import { countTokens } from '@penstock/vllm-sim'
import { expect, test } from 'vitest'
import { seededRandom } from '../../stack/seeded-random.ts'
import { promptText } from './prompt-text.ts'
import { workloadByName, workloadNames } from './registry.ts'
import type { WorkloadRequest } from './workload.ts'

const plan = (name: string, perSecond = 10, spanMs = 200_000) =>
  workloadByName(name).plan({ perSecond, spanMs, random: seededRandom(7) })
const tokensOf = ({ prompt }: WorkloadRequest): number => prompt.reduce((sum, { tokens }) => sum + tokens, 0)

test.each(workloadNames)('%s keeps its rate and its order, and the same seed gives the same plan', (name) => {
  const requests = plan(name)
  // Conversations come in bursts, so the count varies more than a Poisson process.
  expect(Math.abs(requests.length - 2000)).toBeLessThan(400)
  expect(requests.every(({ atMs }, index) => atMs >= (requests[index - 1]?.atMs ?? 0) && atMs < 200_000)).toBe(true)
  expect(plan(name)).toEqual(requests)
})

test('completions have their sizes, and 60 % are given up while they run', () => {
  const requests = plan('completions')
  for (const request of requests) {
    expect(tokensOf(request)).toBeGreaterThan(700)
    expect(tokensOf(request)).toBeLessThanOrEqual(4000)
    expect(request.outputTokens).toBeGreaterThanOrEqual(30)
    expect(request.outputTokens).toBeLessThanOrEqual(60)
  }
  const cut = requests.filter(({ cutAfterMs }) => cutAfterMs !== null).length
  expect(cut / requests.length).toBeCloseTo(0.6, 1)
})

test('a turn of an agent begins with everything its session sent before', () => {
  const bySession = Map.groupBy(plan('agents'), ({ session }) => session)
  const longest = [...bySession.values()].toSorted((a, b) => b.length - a.length)[0] ?? []
  expect(longest.length).toBeGreaterThan(5)
  for (const [turn, { prompt }] of longest.entries())
    expect(prompt.slice(0, longest[turn - 1]?.prompt.length ?? 1)).toEqual(longest[turn - 1]?.prompt ?? [prompt[0]])
})

test('equal ids of a trace are equal text, and text has the tokens it is said to have', () => {
  const [first, second] = plan('mooncake-conversation')
  if (first === undefined || second === undefined) throw new Error('no rows')
  const [one, other] = [promptText(first.prompt), promptText(second.prompt)]
  expect(countTokens(Buffer.from(one))).toBe(tokensOf(first))
  const shared = promptText(first.prompt.slice(0, 1))
  expect(other.startsWith(shared)).toBe(true)
  expect(other.startsWith(promptText(first.prompt.slice(0, 2)))).toBe(false)
})

test('what is not a trace is named with its line', () => {
  const broken = workloadByName('mooncake-conversation', import.meta.filename)
  expect(() => broken.plan({ perSecond: 1, spanMs: 1000, random: seededRandom(1) })).toThrow(/line 1 is not a row/)
  expect(() => workloadByName('poems')).toThrow(/there are completions, chat, agents, mixed, azure-code, mooncake/)
})
