import { expect, test } from 'vitest'
import { admit } from './admission.ts'
import type { AdmissionFacts } from './admission.ts'

const facts = (over: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  presence: 'serving',
  depth: 0,
  depthMax: 10,
  msLeft: 1000,
  resumed: false,
  waitingRoom: undefined,
  ...over,
})

test('a request that fits is admitted up to the last place of the lane', () => {
  expect(admit(facts({ depth: 9 }))).toEqual({ kind: 'admit', holdMs: null })
  expect(admit(facts({ depth: 10 }))).toMatchObject({ kind: 'refuse', code: 'overloaded' })
})

test('a request whose time is over is overload, not an outage', () => {
  expect(admit(facts({ msLeft: 0 }))).toMatchObject({ kind: 'refuse', code: 'overloaded' })
})

test('a gap is worth a retry and says when, an outage is not', () => {
  expect(admit(facts({ presence: 'gap' }))).toMatchObject({ code: 'backend_unavailable', retryAfterMs: 2000 })
  expect(admit(facts({ presence: 'outage' }))).toEqual({ kind: 'refuse', code: 'backend_outage' })
})

test('a pool with a waiting room holds so many requests while no node is up, and refuses the next with a retry', () => {
  const waitingRoom = { jobsMax: 3, holdMs: 20_000 }
  for (const presence of ['gap', 'outage'] as const) {
    expect(admit(facts({ presence, waitingRoom, depth: 2 }))).toEqual({ kind: 'admit', holdMs: 20_000 })
    expect(admit(facts({ presence, waitingRoom, depth: 3 }))).toMatchObject({ code: 'overloaded' })
  }
  expect(admit(facts({ waitingRoom, depth: 5 }))).toEqual({ kind: 'admit', holdMs: null })
})

test('every refusal that is worth a retry names a wait of at least a second', () => {
  for (const over of [{ presence: 'gap' }, { depth: 10 }, { msLeft: -1 }] as const) {
    const admission = admit(facts(over))
    expect(admission.kind === 'refuse' && admission.retryAfterMs).toBeGreaterThanOrEqual(1000)
  }
})

test('an answer that a client already reads is never shed', () => {
  expect(admit(facts({ resumed: true, presence: 'outage', depth: 99, msLeft: -1 }))).toMatchObject({ kind: 'admit' })
})
