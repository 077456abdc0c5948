import type { RefusalReason } from '@penstock/scheduling'
import { expect, test } from 'vitest'
import { judgePlacing } from './judge-placing.ts'
import type { Placement } from './place.ts'

const placement: Placement = {
  kind: 'placed',
  accepted: {
    kind: 'accepted',
    pool: 'p',
    lane: 'completion',
    model: 'm',
    family: 'general',
    configVersion: 1,
    rule: 'r',
  },
  bounds: { jobsMax: 10, bytesMax: 10, perUserMax: 8, perTenantMax: 10, aheadMax: 3 },
  waitMaxMs: 2000,
  load: { slots: 1, freeSlots: 0, fullShare: 0, lanes: [] },
}
const secondEach = (ahead: number): number => (ahead + 1) * 1000

test('an accepted job knows its rank, what stands before it and how long that should take', () => {
  const placing = { kind: 'added', rank: 7, ahead: 2, replaced: null } as const
  expect(judgePlacing(placement, placing, secondEach)).toEqual({
    ...placement.accepted,
    rank: 7,
    ahead: 2,
    expectedWaitMs: 3000,
  })
  expect(judgePlacing(placement, placing, () => null)).not.toHaveProperty('expectedWaitMs')
  expect(judgePlacing(placement, { ...placing, replaced: 'old.1' }, secondEach)).toMatchObject({ replaced: 'old.1' })
})

const retryAfter = (
  reason: RefusalReason,
  ahead: number,
  waitMs: (ahead: number) => number | null = secondEach,
): number | undefined => {
  const judged = judgePlacing(placement, { kind: 'refused', reason, ahead }, waitMs)
  return judged.kind === 'refused' && judged.code === 'overloaded' ? judged.retryAfterMs : undefined
}

test('a refusal says when the same request would be let in: no sooner than in a second, no later than in a minute', () => {
  expect(retryAfter('wait', 9)).toBe(8000)
  expect(retryAfter('wait', 2)).toBe(1000)
  expect(retryAfter('wait', 9, () => null)).toBe(1000)
  expect(retryAfter('wait', 1000)).toBe(60_000)
  expect(retryAfter('user', 31)).toBe(4000)
  for (const reason of ['tenant', 'jobs', 'bytes'] as const) expect(retryAfter(reason, 99)).toBe(1000)
})

test('an older completion whose newer one waits already is not overload', () => {
  const placing = { kind: 'refused', reason: 'superseded', ahead: 1 } as const
  expect(judgePlacing(placement, placing, secondEach)).toEqual({ kind: 'refused', code: 'cancelled' })
})
