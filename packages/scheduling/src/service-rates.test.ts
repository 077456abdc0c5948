import { expect, test } from 'vitest'
import { ServiceRates } from './service-rates.ts'

test('a steady rate of starts is measured soon and forgotten when it ends', () => {
  const rates = new ServiceRates()
  for (let now = 0; now < 30_000; now += 50) {
    rates.started('p', 'a', now)
    if (now >= 1000) expect(rates.of('p', now)[0]?.runsPerS).toBeCloseTo(20, -1)
  }
  expect(rates.of('p', 30_000)[0]?.runsPerS).toBeCloseTo(20, 0)
  expect(rates.of('p', 60_000)[0]?.runsPerS).toBeLessThan(0.1)
})

test('runs that have not ended count as starts, and take as long as the first has been running', () => {
  const rates = new ServiceRates()
  rates.started('p', 'a', 0)
  rates.started('p', 'a', 900)
  expect(rates.of('p', 1000)).toMatchObject([{ lane: 'a', serviceMs: 1000 }])
  rates.ended('p', 'a', 300, 1000)
  expect(rates.of('p', 5000)[0]?.serviceMs).toBe(300)
})

test('the mean time of a run follows what it becomes, by lane and pool', () => {
  const rates = new ServiceRates()
  rates.ended('p', 'a', 1000, 0)
  for (let n = 0; n < 60; n++) rates.ended('p', 'a', 200, 0)
  rates.ended('p', 'b', 7, 0)
  expect(rates.of('p', 0).map(({ lane, serviceMs }) => [lane, Math.round(serviceMs)])).toEqual([
    ['a', 201],
    ['b', 7],
  ])
  expect(rates.of('q', 0)).toEqual([])
})
