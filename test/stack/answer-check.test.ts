import { expect, test } from 'vitest'
import { AnswerCheck } from './answer-check.ts'

const check = (expected: string, ...parts: string[]): AnswerCheck => {
  const answer = new AnswerCheck(Buffer.from(expected))
  for (const part of parts) answer.take(part)
  return answer
}

test('an answer that arrives in pieces is right when joined it is the expected one', () => {
  const answer = check('water flows 🌊 down', 'water', ' flows 🌊', ' down')
  expect(answer.bytesWrong(true)).toBe(0)
  expect(answer.divergence).toBeNull()
})

test('a doubled piece counts from its first wrong byte on, and is shown', () => {
  const answer = check('one two three', 'one ', 'two ', 'two ', 'three')
  expect(answer.divergence).toMatchObject({ atByte: 9, expected: 'hree', received: 'wo ' })
  expect(answer.bytesWrong(true)).toBe('one two two three'.length - 9)
})

test('missing bytes count for a complete answer only', () => {
  const answer = check('one two three', 'one two')
  expect(answer.bytesWrong(true)).toBe(6)
  expect(answer.bytesWrong(false)).toBe(0)
})

test('bytes behind the end count', () => {
  expect(check('one', 'one', ' more').bytesWrong(true)).toBe(5)
})
