import type { Accepted, Refused } from '@penstock/contracts'
import type { Placing } from '@penstock/scheduling'
import type { Placement } from './place.ts'

const retryAfterMinMs = 1000
/** No estimate is good for longer, and no client should stay away longer than GitLab's own patience. */
const retryAfterMaxMs = 60_000

/** The store's answer to a placed request, for its owner. `waitMs`: what a job with so many before it is expected to wait; null: unknown. */
export const judgePlacing = (
  placement: Placement,
  placing: Placing,
  waitMs: (ahead: number) => number | null,
): Accepted | Refused => {
  const expected = waitMs(placing.ahead)
  if (placing.kind !== 'refused') {
    return {
      ...placement.accepted,
      rank: placing.rank,
      ahead: placing.ahead,
      ...(expected === null ? {} : { expectedWaitMs: Math.round(expected) }),
      ...(placing.kind === 'added' && placing.replaced !== null ? { replaced: placing.replaced } : {}),
    }
  }
  if (placing.reason === 'superseded') return { kind: 'refused', code: 'cancelled' }
  return {
    kind: 'refused',
    code: 'overloaded',
    pool: placement.accepted.pool,
    lane: placement.accepted.lane,
    message: meaning[placing.reason],
    retryAfterMs: Math.round(Math.min(retryAfterMaxMs, Math.max(retryAfterMinMs, honestWaitMs()))),
  }

  /** When the same request would be let in, as far as can be known. */
  function honestWaitMs(): number {
    const wholeMs = expected ?? 0
    const reason = placing.kind === 'refused' ? placing.reason : null
    // By then what stands before it has shrunk to what it may wait for.
    if (reason === 'wait') return wholeMs - placement.waitMaxMs
    return reason === 'user' ? wholeMs / placement.bounds.perUserMax : 0
  }
}

const meaning = {
  user: 'too many requests of this user are waiting',
  tenant: 'too many requests of this instance or key are waiting',
  jobs: 'the queue is full',
  bytes: 'the queue holds too many bytes',
  wait: 'the expected wait is longer than the request may wait',
} as const
