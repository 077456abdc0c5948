import { expect, test } from 'vitest'
import { VirtualClock } from '../engine/virtual-clock.ts'
import { TokenOutlet } from './token-outlet.ts'

/** Sends tokens at instants and says when each left. */
const played = (tokenMs: number, sentAt: readonly number[]): [token: number, leftAt: number][] => {
  const clock = new VirtualClock()
  const outlet = new TokenOutlet(tokenMs, clock)
  const left: [number, number][] = []
  for (const [token, at] of sentAt.entries())
    clock.at(at, () => outlet.send(1, () => left.push([token, clock.nowMs()])))
  clock.run()
  return left
}

test('tokens that come faster than they are worked off leave one after another, in order', () => {
  expect(played(10, [0, 0, 0, 5, 100])).toEqual([
    [0, 10],
    [1, 20],
    [2, 30],
    [3, 40],
    [4, 110],
  ])
})

test('what takes less than a timer can be leaves at once, until it adds up', () => {
  const at = Array.from({ length: 100 }, () => 0)
  const left = played(0.046, at)
  expect(left.map(([token]) => token)).toEqual([...at.keys()])
  expect(left[0]).toEqual([0, 0])
  expect(left.at(-1)?.[1]).toBeGreaterThan(100 * 0.046 - 1)
  expect(left.at(-1)?.[1]).toBeLessThan(100 * 0.046)
})

test('what has not left is forgotten when the server is gone', () => {
  const clock = new VirtualClock()
  const outlet = new TokenOutlet(10, clock)
  let left = 0
  for (let token = 0; token < 3; token++) outlet.send(1, () => left++)
  clock.run(15)
  outlet.stop()
  clock.run(100)
  expect(left).toBe(1)
})
