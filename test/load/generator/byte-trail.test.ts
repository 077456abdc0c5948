import { expect, test } from 'vitest'
import { ByteTrail } from './byte-trail.ts'

test('a trail gives back every byte and every instant, however many pieces came', () => {
  const trail = new ByteTrail()
  const pieces = Array.from({ length: 500 }, (_, index) => Buffer.from(`piece ${index};`.repeat((index % 7) + 1)))
  pieces.forEach((piece, index) => trail.add(piece, index * 3))
  expect(Buffer.from(trail.bytes).equals(Buffer.concat(pieces))).toBe(true)
  expect([...trail.arrivalMs]).toEqual(pieces.map((_, index) => index * 3))
  expect(trail.arrivedBytes.at(-1)).toBe(Buffer.concat(pieces).length)
})
