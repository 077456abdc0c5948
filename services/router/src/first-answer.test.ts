import { expect, test } from 'vitest'
import { firstAnswer } from './first-answer.ts'

const later = <T>(answer: T) => new Promise<T>((resolve) => setImmediate(resolve, answer))
const never = new Promise<null>(() => undefined)

test('the first that is not null wins, without waiting for the others', async () => {
  expect(await firstAnswer([Promise.resolve(null), later('late'), never])).toBe('late')
  expect(await firstAnswer([later('late'), Promise.resolve('early')])).toBe('early')
})

test('nothing but null is null', async () => {
  expect(await firstAnswer([Promise.resolve(null), later(null)])).toBeNull()
})

test('what fails fails the whole', async () => {
  await expect(firstAnswer([never, Promise.reject(new Error('a bug'))])).rejects.toThrow('a bug')
})
