import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scaledClock } from '../clock.ts'
import { VirtualClock } from './virtual-clock.ts'

test('what is due runs in order of time, then in the order it was asked for, and never after it was cancelled', () => {
  const timer = fc.record({ delay: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() })
  fc.assert(
    fc.property(fc.array(timer), (timers) => {
      const clock = new VirtualClock()
      const ran: string[] = []
      const cancels = timers.map(({ delay }, index) => clock.after(delay, () => ran.push(`${clock.nowMs()}:${index}`)))
      timers.forEach(({ cancelled }, index) => cancelled && cancels[index]?.())
      clock.run()
      const due = timers.map(({ delay, cancelled }, index) => ({ delay, cancelled, index }))
      const expected = due.filter(({ cancelled }) => !cancelled).sort((a, b) => a.delay - b.delay || a.index - b.index)
      expect(ran).toEqual(expected.map(({ delay, index }) => `${delay}:${index}`))
    }),
  )
})

test('a run up to an instant does what is due by then, and stands at that instant', () => {
  const clock = new VirtualClock()
  const ran: number[] = []
  for (const delay of [5, 10, 15]) clock.after(delay, () => ran.push(delay))
  expect(clock.run(10)).toBe(10)
  expect(ran).toEqual([5, 10])
  expect(clock.run()).toBe(15)
})

test('a scaled clock shows ten seconds while one passes', () => {
  const real = new VirtualClock(500)
  const fast = scaledClock(10, real)
  let seenAt = 0
  fast.after(10_000, () => (seenAt = fast.nowMs()))
  real.run()
  expect(real.nowMs()).toBe(1500)
  expect(seenAt).toBe(10_500)
})
