import { RequestId, RunId, WorkerId } from '@penstock/contracts'
import type { Accepted, Claim } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { AttemptStory } from './attempt-story.ts'

const accepted: Accepted = {
  kind: 'accepted',
  pool: 'p',
  lane: 'completion',
  model: 'm',
  family: 'general',
  configVersion: 1,
  rule: '',
  ahead: 3,
  expectedWaitMs: 40,
}
const claim = (attempt: number, worker: string): Claim => ({
  request: RequestId.parse('0'.repeat(32)),
  attempt,
  run: RunId.parse('0'.repeat(16)),
  worker: WorkerId.parse(worker),
  node: 'node-1',
  placeReason: 'affinity',
})

test('each attempt tells what it waited for, who took it and why it ended', () => {
  const story = new AttemptStory()
  story.queued(1, accepted, 100)
  story.granted(claim(1, 'w-1'), 112)
  story.granted(claim(1, 'w-late'), 500)
  story.ended(1, 'worker silent')
  story.queued(2, accepted, 900)
  expect(story.waitedMs).toBeNull()
  story.granted(claim(2, 'w-2'), 903)
  expect(story.facts()).toEqual({
    attempt_1: 'behind 3, expected 40 ms, waited 12 ms, w-1 at node-1 (affinity); worker silent',
    attempt_2: 'behind 3, expected 40 ms, waited 3 ms, w-2 at node-1 (affinity)',
  })
  expect(story.waitedMs).toBe(3)
})

test('a long story keeps its end, and fits into an end record', () => {
  const story = new AttemptStory()
  for (let attempt = 1; attempt <= 13; attempt++) {
    story.queued(attempt, accepted, 0)
    story.granted(claim(attempt, `w-${'x'.repeat(60)}`), 99_999)
    story.ended(attempt, 'y'.repeat(500))
  }
  expect(Object.keys(story.facts())).toEqual(['attempt_9', 'attempt_10', 'attempt_11', 'attempt_12', 'attempt_13'])
  expect(JSON.stringify(story.facts()).length).toBeLessThan(1000)
})
