import { expect, test } from 'vitest'
import { waitFor } from './wait-for.ts'

test('the first truthy answer is returned, and a condition that throws is asked again', async () => {
  let asked = 0
  const answer = await waitFor(
    () => {
      if (++asked < 3) throw new Error('not there')
      return asked
    },
    { what: 'the third question', everyMs: 1 },
  )
  expect(answer).toBe(3)
})

test('a condition that is never met fails with what was waited for and the last error', async () => {
  const never = waitFor(() => Promise.reject(new Error('refused')), { what: 'the worker', timeoutMs: 5, everyMs: 1 })
  await expect(never).rejects.toThrow(
    expect.objectContaining({ message: 'not within 5 ms: the worker', cause: new Error('refused') }),
  )
})
