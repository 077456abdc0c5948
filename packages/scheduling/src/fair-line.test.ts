import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FairLine } from './fair-line.ts'
import type { LineBounds, LineJob } from './fair-line.ts'

const roomy: LineBounds = {
  perUserMax: Infinity,
  perTenantMax: Infinity,
  jobsMax: Infinity,
  bytesMax: Infinity,
  aheadMax: Infinity,
}
const job = (id: string, over: Partial<LineJob> = {}): LineJob => ({
  id,
  user: 'u',
  tenant: 't',
  cost: 1,
  bytes: 1,
  resumed: false,
  askedAt: 0,
  ...over,
})
/** Jain's index of what users got: 1 is equal, 1/n is one user alone. */
const jain = (got: readonly number[]): number =>
  got.reduce((a, b) => a + b, 0) ** 2 / (got.length * got.reduce((a, b) => a + b * b, 0))

const someUser = fc.constantFrom('ann', 'bob', 'cem', 'dee')
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('add' as const), user: someUser, cost: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('remove' as const), nth: fc.nat(20) }) },
)

/** Plays steps; `skip` leaves out the job of that number wherever it shows up. Returns the ids taken, and those that wait. */
const play = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], line: FairLine): string[] => {
  const taken: string[] = []
  steps.forEach((each, n) => {
    if (each.what === 'add') line.add(job(`j${n}`, each), roomy)
    if (each.what === 'take') taken.push(line.take()?.id ?? '-')
    if (each.what === 'remove') line.remove(line.order()[each.nth] ?? 'none')
  })
  return taken
}

describe('a refund', () => {
  test('is exact: once a job has left unstarted, the order of all others is as if it had never come', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(step, { maxLength: 20 }),
        someUser,
        fc.integer({ min: 1, max: 50 }),
        (before, between, user, cost) => {
          const with_ = new FairLine()
          const without = new FairLine()
          play(before, with_)
          play(before, without)
          with_.add(job('guest', { user, cost }), roomy)
          // Adds and takes that do not start the guest: those after its start owe it nothing.
          const others = between.filter(({ what }) => what === 'add')
          play(others, with_)
          play(others, without)
          with_.remove('guest')
          expect(with_.order()).toEqual(without.order())
          const rest = play(between, with_)
          expect(rest).toEqual(play(between, without))
          expect(with_.order()).toEqual(without.order())
        },
      ),
    )
  })

  test('lets a user whose jobs all left unstarted begin where everybody begins', () => {
    const line = new FairLine()
    for (let n = 0; n < 8; n++) line.add(job(`a${n}`, { user: 'a', cost: 10 }), roomy)
    for (let n = 0; n < 8; n++) line.remove(`a${n}`)
    line.add(job('b', { user: 'b', cost: 10 }), roomy)
    expect(line.add(job('a', { user: 'a', cost: 10 }), roomy)).toMatchObject({ rank: 10 })
  })
})

describe('nobody starves', () => {
  test('users who always have work waiting get equal shares, weighted by cost, whatever the number of their jobs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 }), (costs) => {
        const line = new FairLine()
        const served = costs.map(() => 0)
        let n = 0
        const refill = (user: number): void =>
          void line.add(job(`${n++}.${user}`, { user: `u${user}`, cost: costs[user] as number }), roomy)
        costs.forEach((_, user) => {
          for (let k = 0; k <= user * 3; k++) refill(user)
        })
        for (let took = 0; took < 2000; took++) {
          const user = Number(line.take()?.id.split('.')[1])
          served[user] = (served[user] as number) + (costs[user] as number)
          refill(user)
        }
        expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(2 * Math.max(...costs))
      }),
      { numRuns: 30 },
    )
  })

  test('a dear job leaves after a bounded number of cheap ones, even if each comes from somebody new', () => {
    const line = new FairLine()
    line.add(job('dear', { user: 'd', cost: 50 }), roomy)
    for (let n = 0; n < 10; n++) line.add(job(`n${n}`, { user: `n${n}` }), roomy)
    let takes = 0
    for (let n = 10; line.has('dear'); n++) {
      line.take()
      takes += 1
      line.add(job(`n${n}`, { user: `n${n}` }), roomy)
    }
    expect(takes).toBeLessThanOrEqual(50 * 11)
  })

  test('a continuation goes before every first attempt, costs nothing and is never refused', () => {
    const line = new FairLine()
    const closed = { ...roomy, jobsMax: 1, bytesMax: 1, perUserMax: 1, perTenantMax: 1, aheadMax: 0 }
    line.add(job('first'), closed)
    expect(line.add(job('resumed', { resumed: true }), closed)).toMatchObject({ kind: 'added', ahead: 0 })
    expect(line.order()).toEqual(['resumed', 'first'])
    line.take()
    expect(line.add(job('second'), roomy)).toMatchObject({ rank: 2 })
  })
})

describe('a newer job of the same key', () => {
  test('takes the very place of the waiting one, at a full lane too', () => {
    const line = new FairLine()
    const full = { ...roomy, jobsMax: 3, perUserMax: 2, perTenantMax: 3 }
    line.add(job('old', { replaceKey: 'file' }), full)
    line.add(job('other', { user: 'v' }), full)
    line.add(job('later'), full)
    expect(line.add(job('new', { replaceKey: 'file', cost: 30 }), full)).toEqual({
      kind: 'added',
      rank: 1,
      ahead: 0,
      replaced: 'old',
    })
    expect(line.order()).toEqual(['new', 'other', 'later'])
    expect(line.add(job('newest', { replaceKey: 'file' }), full)).toMatchObject({ replaced: 'new' })
  })

  test('that comes late, after one that was asked for later, is not added', () => {
    const line = new FairLine()
    line.add(job('new', { replaceKey: 'file', askedAt: 2 }), roomy)
    expect(line.add(job('old', { replaceKey: 'file', askedAt: 1 }), roomy)).toMatchObject({ reason: 'superseded' })
    expect(line.order()).toEqual(['new'])
  })

  test('of another user replaces nothing', () => {
    const line = new FairLine()
    line.add(job('old', { replaceKey: 'file' }), roomy)
    expect(line.add(job('new', { replaceKey: 'file', user: 'v' }), roomy)).toMatchObject({ replaced: null })
    expect(line.size).toBe(2)
  })
})

test('bounds hold for whoever is at them, and for nobody else', () => {
  const line = new FairLine()
  const bounds = { ...roomy, perUserMax: 2, perTenantMax: 3, bytesMax: 5 }
  line.add(job('a'), bounds)
  line.add(job('b'), bounds)
  expect(line.add(job('c'), bounds)).toEqual({ kind: 'refused', reason: 'user', ahead: 2 })
  line.add(job('d', { user: 'v' }), bounds)
  expect(line.add(job('e', { user: 'w' }), bounds)).toMatchObject({ reason: 'tenant' })
  expect(line.add(job('f', { user: 'w', tenant: 'x', bytes: 3 }), bounds)).toMatchObject({ reason: 'bytes' })
  expect(line.add(job('g', { user: 'w', tenant: 'x', cost: 9 }), { ...bounds, aheadMax: 2 })).toMatchObject({
    reason: 'wait',
    ahead: 3,
  })
  expect(line.add(job('h', { user: 'w', tenant: 'x' }), { ...bounds, aheadMax: 2 })).toMatchObject({
    kind: 'added',
    ahead: 2,
  })
})

/** design §4: 20 slots of 2 s, 100 users who together want 1.5 times that, and a script at 13 times its fair share. */
test('at 1.5 times the load a script gets its fair share and no less, and Jain stays at 0.95 or more', () => {
  const line = new FairLine()
  const got = new Map<string, number>()
  const users = Array.from({ length: 100 }, (_, n) => `u${n}`)
  const slots = 20
  const deadlineMs = 30_000
  const endAt = 300_000
  const added: { id: string; at: number }[] = []
  const busyUntil: number[] = Array.from({ length: slots }, () => 0)
  let n = 0
  let seed = 1
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const arrive = (user: string, at: number): void => {
    const id = `${user}.${n++}`
    if (line.add(job(id, { user }), { ...roomy, perUserMax: 8 }).kind === 'added') added.push({ id, at })
  }
  for (let now = 0; now < endAt; now += 10) {
    for (const user of users) if (random() < 0.00135) arrive(user, now)
    if (now % 500 === 0) arrive('script', now)
    while ((added[0]?.at ?? Infinity) < now - deadlineMs) line.remove(added.shift()?.id ?? '')
    for (let slot = 0; slot < slots; slot++) {
      if ((busyUntil[slot] as number) > now) continue
      const user = line.take()?.id.split('.')[0]
      if (user === undefined) break
      busyUntil[slot] = now + 2000
      if (now > 60_000) got.set(user, (got.get(user) ?? 0) + 1)
    }
  }
  const shares = [...users, 'script'].map((user) => got.get(user) ?? 0)
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length
  expect(jain(shares)).toBeGreaterThanOrEqual(0.95)
  expect(got.get('script')).toBeGreaterThan(mean * 0.85)
  expect(got.get('script')).toBeLessThan(mean * 1.3)
})
