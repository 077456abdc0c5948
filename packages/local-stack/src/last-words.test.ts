import { expect, test } from 'vitest'
import { errorLine } from './last-words.ts'

const record = (severity: string, message: string): string => JSON.stringify({ severity, message })

test('a service is quoted with its last error, not with what it said later', () => {
  expect(
    errorLine(['(node:1) warning', record('error', 'first'), record('fatal', 'no key'), record('info', 'bye')]),
  ).toBe('no key')
})

test('a program without log records is quoted with its last line', () => {
  expect(errorLine(['Warning: x', 'bind: Address already in use', '', ' '])).toBe('bind: Address already in use')
})

test('a crash of Node is quoted with its error, not with what Node adds', () => {
  expect(errorLine(['Error [ERR_X]: no such module', '    at load (a.ts:1:1)', '}', 'Node.js v24.21.0'])).toBe(
    'Error [ERR_X]: no such module',
  )
})

test('a process that said nothing of an error is not quoted', () => {
  expect(errorLine([record('info', 'started'), '{"ready":true}'])).toBeNull()
  expect(errorLine([])).toBeNull()
})
