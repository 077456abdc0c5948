import { expect, test } from 'vitest'
import { laneTargets, laneTargetsOf } from './lane-target.ts'

test('a lane has the targets that the configuration names, and its own for the others', () => {
  const targets = laneTargetsOf([{ name: 'interactive', ttftMs: 1000, waitMs: 8000 }, { name: 'background' }])
  expect(targets).toEqual({
    ...laneTargets,
    interactive: { ttftMs: 1000, itlMs: laneTargets.interactive.itlMs, waitMs: 8000 },
  })
})
