import { expect, test } from 'vitest'
import { ServiceRates } from './service-rates.ts'

test('a steady rate is measured after a while and forgotten when it ends', () => {
  const rates = new ServiceRates()
  for (let now = 0; now < 30_000; now += 50) rates.ended('p', 'a', 10, now)
  expect(rates.of('p', 30_000)[0]?.runsPerS).toBeCloseTo(20, 0)
  expect(rates.of('p', 60_000)[0]?.runsPerS).toBeLessThan(0.1)
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
