import { expect, test } from 'vitest'

test('nothing', () => {}) // fails: vitest(expect-expect)

test.skip('later', () => { // fails: vitest(no-disabled-tests)
  expect(1).toBe(1)
})

test.only('alone', () => { // fails: vitest(no-focused-tests)
  expect(1).toBe(1)
})
