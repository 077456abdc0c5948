import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'

test('a test beside pure code may wait', async () => {
  await setTimeout(1)
  expect(Date.now()).toBeGreaterThan(0)
})
