import { expect, test } from 'vitest'
import { RequestFailure, errorCodes } from './errors.ts'

test('what is thrown by a bug reaches the client as internal, without its text', () => {
  const bug = new TypeError('secret of the customer')
  const failure = RequestFailure.fromUnknown(bug)
  expect(failure).toMatchObject({ code: 'internal', message: errorCodes.internal.meaning, cause: bug })
  expect(failure.detail).toEqual({})
})

test('a failure of ours stays what it is', () => {
  const failure = new RequestFailure('overloaded', { retryAfterMs: 500 })
  expect(RequestFailure.fromUnknown(failure)).toBe(failure)
})
