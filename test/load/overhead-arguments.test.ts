import { expect, test } from 'vitest'
import { readOverheadArguments } from './overhead-arguments.ts'

const read = (...args: string[]) => readOverheadArguments(args, () => 5)

test('without arguments both subjects run at the three rates', () => {
  expect(read()).toMatchObject({
    subjects: ['direct', 'penstock'],
    rates: [20, 100, 200],
    rounds: 3,
    seed: 5,
    json: false,
  })
})

test('at least two rounds also in a hurry', () => {
  expect(read('--quick')).toMatchObject({ secondsPerTurn: 3, rounds: 2 })
})

test('a profile is one round of Penstock at one rate', () => {
  expect(read('--profile')).toMatchObject({ subjects: ['penstock'], rates: [100], rounds: 1 })
  expect(read('--profile', '--rates', '200').rates).toEqual([200])
})

test('wrong values are named, unknown options too', () => {
  expect(() => read('--rates', '20,x')).toThrow('--rates must be a whole number from 1 to 2000, not x')
  expect(() => read('--subjects', 'litellm')).toThrow(/no subject is named litellm/)
  expect(() => read('--seconds', '0')).toThrow(/--seconds/)
  expect(() => read('--nonsense')).toThrow(/--nonsense/)
})
