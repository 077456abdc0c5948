import type { VerifyProblem } from '@penstock/audit-chain'
import { expect, test } from 'vitest'
import { missing, unrecorded } from './audit-proof.ts'

const archived = {
  accepted: 100,
  refused: 2,
  completed: 100,
  failed: 0,
  clientGone: 0,
  cancelled: 0,
  unknownCrash: 0,
  open: 0,
  missingTerminal: 0,
  duplicateTerminal: 0,
}
const seen = { requests: 102, completed: 100, refused: 2, cut: 0 }
const report = (change: Partial<typeof archived> = {}, problems: VerifyProblem[] = []) => ({
  requests: { ...archived, ...change },
  problems,
})

test('an archive that holds what the clients saw is complete', () => {
  expect(missing(report(), seen)).toEqual([])
  expect(missing(report({ accepted: 101, failed: 1, refused: 1 }), seen)).toEqual([])
})

test.each([
  [{ open: 1, completed: 99 }, /no end record/],
  [{ missingTerminal: 1 }, /never ended/],
  [{ duplicateTerminal: 1 }, /ended twice/],
  [{ completed: 99, failed: 1 }, /99 completed in the archive/],
  [{ accepted: 99 }, /99 accepted in the archive/],
  [{ accepted: 103 }, /103 accepted in the archive/],
])('%o is not complete', (change, reason) => {
  expect(missing(report(change), seen)[0]).toMatch(reason)
})

test('a chain that does not verify is not complete', () => {
  const problem: VerifyProblem = { writerId: 'w', file: 'f', line: 1, kind: 'edited', message: 'changed' }
  expect(missing(report({}, [problem]), seen)).toEqual(['edited: changed'])
})

test('every completed request of a client needs exactly one start and one clean end on record', () => {
  const archived = new Map([
    ['a', { accepted: 1, completed: 1, attempts: 2 }],
    ['b', { accepted: 2, completed: 2, attempts: 2 }],
    ['c', { accepted: 1, completed: 0, attempts: 1 }],
  ])
  expect(unrecorded(new Set(['a']), archived)).toEqual([])
  expect(unrecorded(new Set(['a', 'b', 'c', 'd']), archived)).toHaveLength(3)
})
