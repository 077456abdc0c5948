import { expect, test } from 'vitest'
import { laneTargets } from './lane-target.ts'
import { worthwhileWaitMs } from './worthwhile-wait.ts'

test('a burst may wait as long as its lane says; a lasting overload has hardly a line', () => {
  const { completion, interactive } = laneTargets
  expect(worthwhileWaitMs(completion, 0)).toBe(completion.waitMs)
  expect(worthwhileWaitMs(interactive, 0.01)).toBe(interactive.waitMs)
  expect(worthwhileWaitMs(completion, 0.66)).toBeLessThan(completion.ttftMs / 10)
  expect(worthwhileWaitMs(interactive, 1)).toBeGreaterThan(0)
})
