import { ConfigDocument } from '@penstock/config'
import { features } from '@penstock/features'
import { expect, test } from 'vitest'
import { timeLimitsOf } from './time-limits.ts'

/** How long callers wait for the first byte, s, which is the whole of an answer in one piece (contract http §11.1, prompt 3 s: §9). */
const waitsS = { prompt: 60, workhorse: 55, quick: 3, client: 600 } as const

type Name = keyof typeof features
interface Row {
  readonly caller: keyof typeof waitsS
  /** First byte; answer in one piece; end of a stream. */
  readonly limitsS: readonly [number, number, number]
  readonly names: readonly Name[]
}

const rows: readonly Row[] = [
  { caller: 'workhorse', limitsS: [10, 10, 30], names: ['code-completion'] },
  { caller: 'workhorse', limitsS: [50, 50, 180], names: ['code-generation'] },
  { caller: 'quick', limitsS: [2.5, 2.5, 2.7], names: ['connection-test', 'feature-discovery'] },
  {
    caller: 'prompt',
    limitsS: [55, 55, 300],
    names: [
      'build-reader',
      'chat',
      'commit-reader',
      'discussion-summary',
      'documentation-answer',
      'epic-reader',
      'explain-code',
      'explain-vulnerability',
      'fix-code',
      'issue-reader',
      'legacy-chat',
      'merge-request-reader',
      'refactor-code',
      'troubleshoot-job',
      'work-item-reader',
      'write-tests',
    ],
  },
  {
    caller: 'prompt',
    limitsS: [50, 50, 57],
    names: [
      'code-review',
      'comment-temperature',
      'commit-message',
      'git-command',
      'issue-description',
      'mention-intent',
      'merge-request-summary',
      'review-summary',
      'session-summary',
      'session-title',
      'vulnerability-resolution',
    ],
  },
  { caller: 'prompt', limitsS: [15, 15, 20], names: ['question-category'] },
  { caller: 'prompt', limitsS: [50, 50, 60], names: ['code-embeddings'] },
  { caller: 'prompt', limitsS: [20, 20, 25], names: ['code-embedding-search'] },
  {
    caller: 'client',
    limitsS: [55, 600, 600],
    names: ['anthropic-messages', 'openai-chat', 'openai-completion', 'openai-responses'],
  },
  { caller: 'client', limitsS: [50, 60, 60], names: ['openai-embeddings'] },
]

const cases = rows.flatMap(({ names, caller, limitsS }) => names.map((name) => ({ name, caller, limitsS })))

test.each(cases)('$name ends before its caller gives up ($caller): within $limitsS s', ({ name, caller, limitsS }) => {
  const stream = timeLimitsOf({ feature: name, whole: false }, null)
  const whole = timeLimitsOf({ feature: name, whole: true }, null)
  expect([stream.firstByteMs, whole.totalMs, stream.totalMs]).toEqual(limitsS.map((s) => s * 1000))
  expect(stream.queueMs).toBeLessThanOrEqual(stream.firstByteMs)
  expect(stream.firstByteMs).toBeLessThan(waitsS[caller] * 1000)
  expect(whole.totalMs).toBeLessThanOrEqual(waitsS[caller] * 1000)
  if (caller !== 'client') expect(whole.totalMs).toBeLessThan(waitsS[caller] * 1000)
})

test('every feature has its row', () => {
  expect(cases.map(({ name }) => name).sort()).toEqual(Object.keys(features).sort())
})

test('the configuration moves them, and an answer in one piece follows the first byte', () => {
  const document = ConfigDocument.parse({
    nodes: [],
    pools: [],
    models: [],
    features: {
      'explain-code': { firstByteMs: 200_000 },
      'code-review': { totalMs: 40_000 },
      'openai-chat': { firstByteMs: 5000, totalMs: 90_000, queueMs: 1000 },
    },
  })
  const limitsOf = (feature: Name, whole: boolean) => timeLimitsOf({ feature, whole }, { document })
  expect(limitsOf('explain-code', true)).toEqual({ firstByteMs: 200_000, totalMs: 200_000, queueMs: 200_000 })
  expect(limitsOf('code-review', true).totalMs).toBe(40_000)
  expect(limitsOf('openai-chat', true)).toEqual({ firstByteMs: 5000, totalMs: 90_000, queueMs: 1000 })
})
