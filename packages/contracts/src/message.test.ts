import { expect, test } from 'vitest'
import * as contracts from './index.ts'
import type { EventKind } from './index.ts'

const kinds = Object.entries(contracts).flatMap(([name, value]): [string, EventKind<unknown>][] =>
  typeof value === 'object' && 'subject' in value ? [[name, value as EventKind<unknown>]] : [],
)

test('every kind of message has a subject of its own, with its version', () => {
  const subjects = kinds.map(([, kind]) => kind.subject())
  expect(kinds.length).toBeGreaterThan(10)
  expect(new Set(subjects).size).toBe(subjects.length)
  for (const subject of subjects) expect(subject).toMatch(/^[a-z-]+\.[a-z-]+\.v\d+$/)
})

test('ids are the last tokens of a subject', () => {
  expect(contracts.runFrames.subject('i-1')).toBe('run.frame.v2.i-1')
})
