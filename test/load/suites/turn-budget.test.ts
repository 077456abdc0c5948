import { expect, test } from 'vitest'
import { TurnBudget } from './turn-budget.ts'

test('turns beyond the budget are left out and named, those that fail with their reason', () => {
  let now = 0
  const budget = new TurnBudget(10_000, () => now)
  expect(budget.fits('direct at 20/s', 10_000)).toBe(true)
  now = 4000
  budget.failed('smg at 20/s', new Error('its process is gone'))
  expect(budget.fits('penstock at 20/s', 6001)).toBe(false)
  expect(budget.leftOut).toEqual(['smg at 20/s: its process is gone', 'penstock at 20/s: no time was left'])
})
