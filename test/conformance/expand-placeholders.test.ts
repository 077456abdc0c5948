import { expect, test } from 'vitest'
import { expandPlaceholders } from './expand-placeholders.ts'
import { isPlaceholder, placeholderProblem } from './match-placeholder.ts'

const values = { nowS: 1_000_000, jwt: 'a.b.c', pem: '-----BEGIN' }

test('instants alone become numbers, everything else stays text', () => {
  expect(
    expandPlaceholders({ exp: '{{now-60}}', at: '{{now}}', later: '{{ now + 5 }}', note: 'at {{now-1}}' }, values),
  ).toEqual({
    exp: 999_940,
    at: 1_000_000,
    later: 1_000_005,
    note: 'at 999999',
  })
})

test('token and key are put in wherever they stand, and an unknown name stays', () => {
  expect(
    expandPlaceholders(
      { headers: { Authorization: 'Bearer {{jwt}}' }, list: ['{{pem}}', '{{other}}', 7, null] },
      values,
    ),
  ).toEqual({
    headers: { Authorization: 'Bearer a.b.c' },
    list: ['-----BEGIN', '{{other}}', 7, null],
  })
})

test('what is not known stays as it was written', () => {
  expect(expandPlaceholders('{{jwt}}', { nowS: 1 })).toBe('{{jwt}}')
})

const facts = {
  requestHeaders: { 'access-control-request-headers': 'authorization, X-A', 'x-gitlab-global-user-id': 'u=' },
  defaultModelNames: ['house'],
  nowS: 1000,
}
const token = (claims: object): string =>
  ['{}', JSON.stringify(claims), 's'].map((part) => Buffer.from(part).toString('base64url')).join('.')
const described = '<jwt: iss=aud=gw, sub=global user id, scopes=[a,b], exp=+1h>'

test.each([
  ['<seconds>', '0.01', true],
  ['<seconds>', '-1', false],
  ['<generated 32 hex>', 'ab'.repeat(16), true],
  ['<generated 32 hex>', 'AB'.repeat(16), false],
  ['<contains requested names>', 'x-a,Authorization,other', true],
  ['<contains requested names>', 'authorization', false],
  ['<default model>', 'house', true],
  ['<default model>', 'other', false],
  ['<prompt name>', 'anything', true],
  ['<text of the failure>', undefined, false],
  [described, token({ iss: 'gw', aud: ['gw'], sub: 'u=', scopes: ['b', 'a'], exp: 4600 }), true],
  [described, token({ iss: 'gw', aud: 'gw', sub: 'u=', scopes: ['a'], exp: 4600 }), false],
  [described, token({ iss: 'gw', aud: 'gw', sub: 'me', scopes: ['a', 'b'], exp: 4600 }), false],
  [described, 'no token', false],
])('%s is asked for and %s comes: %s', (expected, got, fits) => {
  expect(isPlaceholder(expected)).toBe(true)
  expect(placeholderProblem(expected, got, facts) === null).toBe(fits)
})

test('text with tags in it is no placeholder', () => {
  for (const text of ['<a>b</a>', 'x <seconds>', '', 7]) expect(isPlaceholder(text)).toBe(false)
})
