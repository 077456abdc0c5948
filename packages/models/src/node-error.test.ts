import { expect, test } from 'vitest'
import { readError } from './node-error.ts'

test.each([
  [
    400,
    '{"error":{"message":"bad","type":"BadRequestError","param":null,"code":400}}',
    { message: 'bad', type: 'BadRequestError', code: 400 },
  ],
  [
    404,
    '{"object":"error","message":"no model","type":"NotFoundError","param":null,"code":404}',
    { message: 'no model', type: 'NotFoundError', code: 404 },
  ],
  [401, '{"error":"Unauthorized"}', { message: 'Unauthorized' }],
  [422, '{"detail":"nope"}', { message: 'nope' }],
  [422, '{"detail":[{"msg":"field required"}]}', { message: 'field required' }],
  [500, '{"error":{"message":"x","code":"E1"}}', { message: 'x', code: 'E1' }],
  [502, '<html>bad gateway</html>', { message: '<html>bad gateway</html>' }],
  [500, '', { message: 'HTTP 500' }],
  [500, 'null', { message: 'HTTP 500' }],
])('%i %s', (status, body, expected) => {
  expect(readError(status, body)).toEqual({ contextOverflow: false, contentFiltered: false, ...expected })
})

test.each([
  "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
  "'max_tokens' or 'max_completion_tokens' is too large: 5000.",
  'max_tokens=5000 is too large',
])('a prompt that does not fit is recognised: %s', (message) => {
  expect(readError(400, JSON.stringify({ error: { message } })).contextOverflow).toBe(true)
  expect(readError(500, JSON.stringify({ error: { message } })).contextOverflow).toBe(false)
})

test('a long message is cut', () => {
  expect(readError(500, 'x'.repeat(10_000)).message).toHaveLength(500)
})
