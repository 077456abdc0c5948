import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { EnvironmentError, integerVariable, readEnvironment, serviceEnvironment } from './environment.ts'

const schema = z.object({
  ...serviceEnvironment,
  FIXTURE_MS: integerVariable(10, 100, 50),
  FIXTURE_DIR: z.string({ error: 'must name a folder' }),
})

const problemOf = (environment: Record<string, string>): string => {
  try {
    readEnvironment(schema, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError)
    return (error as Error).message
  }
  throw new Error('the environment was taken')
}

test('every wrong variable is named with its reason, in one error', () => {
  const message = problemOf({ FIXTURE_MS: '5', PENSTOCK_PREFIX: 'A b', PENSTOCK_LOG_LEVEL: 'loud' })
  expect(message).toMatch(/^4 environment variables are wrong:\n/)
  expect(message).toContain('FIXTURE_MS: must be at least 10')
  expect(message).toContain('PENSTOCK_PREFIX: must be 1 to 32 of a-z 0-9 -')
  expect(message).toContain('PENSTOCK_LOG_LEVEL: ')
  expect(message).toContain('FIXTURE_DIR: must name a folder')
})

test('a single wrong variable is one line', () => {
  expect(problemOf({ FIXTURE_MS: '7', FIXTURE_DIR: '/x' })).toBe('FIXTURE_MS: must be at least 10')
})

describe('a whole number', () => {
  test.each(['x', '1.5', '101', '9'])('is not %s', (value) => {
    expect(problemOf({ FIXTURE_MS: value, FIXTURE_DIR: '/x' })).toMatch(/^FIXTURE_MS: must be /)
  })
})

test('an empty variable is an unset one, and what is unset has its default', () => {
  expect(readEnvironment(schema, { FIXTURE_MS: '', FIXTURE_DIR: '/x', OTHER: 'ignored' })).toEqual({
    FIXTURE_MS: 50,
    FIXTURE_DIR: '/x',
    NATS_URL: 'nats://127.0.0.1:4222',
    PENSTOCK_PREFIX: 'penstock',
    PENSTOCK_LOG_LEVEL: 'info',
  })
})
