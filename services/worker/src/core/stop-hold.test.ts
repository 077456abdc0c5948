import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StopHold } from './stop-hold.ts'

const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength })
const pieces = fc.array(letters(4), { maxLength: 12 })
const stops = fc.array(letters(3), { minLength: 1, maxLength: 4 })

/** The answer as vLLM sends it: cut right behind the first stop string that is complete. */
const asSent = (all: readonly string[], list: readonly string[]): { sent: string[]; stopString: string | null } => {
  let before = ''
  for (const [index, piece] of all.entries()) {
    const text = before + piece
    const found = list.flatMap((stop) => (text.includes(stop) ? [{ stop, end: text.indexOf(stop) + stop.length }] : []))
    const first = found.toSorted((a, b) => a.end - b.end)[0]
    if (first !== undefined)
      return { sent: [...all.slice(0, index), piece.slice(0, first.end - before.length)], stopString: first.stop }
    before = text
  }
  return { sent: [...all], stopString: null }
}

test('what comes out is the answer without the stop string that ended it, and no beginning of one comes out early', () => {
  fc.assert(
    fc.property(pieces, stops, (all, list) => {
      const { sent, stopString } = asSent(all, list)
      const hold = new StopHold(list)
      let out = ''
      for (const [index, piece] of sent.entries()) {
        out += hold.push(piece, 1).text
        const held = sent
          .slice(0, index + 1)
          .join('')
          .slice(out.length)
        for (let at = 0; at < out.length; at++)
          for (const stop of list) expect(stop.startsWith(out.slice(at) + held)).toBe(false)
      }
      const whole = sent.join('')
      out += hold.end({ stopString, stopped: true }).text
      expect(out).toBe(stopString === null ? whole : whole.slice(0, whole.length - stopString.length))
    }),
  )
})

test('tokens come out with the last character of their piece, all of them by the end', () => {
  fc.assert(
    fc.property(pieces, stops, (all, list) => {
      const hold = new StopHold(list)
      let out = ''
      let tokens = 0
      let ends: number[] = []
      for (const piece of all) {
        ends = [...ends, (ends.at(-1) ?? 0) + piece.length]
        const said = hold.push(piece, 1)
        out += said.text
        tokens += said.tokens
        expect(tokens).toBe(ends.filter((end) => end <= out.length).length)
      }
      expect(tokens + hold.end({ stopString: null, stopped: false }).tokens).toBe(all.length)
    }),
  )
})

test('tokens of a piece without text belong to the next text', () => {
  const hold = new StopHold([])
  expect([hold.push('', 2), hold.push('🌊', 1)]).toEqual([
    { text: '', tokens: 0 },
    { text: '🌊', tokens: 3 },
  ])
})

test.each([
  ['named by the node', { stopString: 'END', stopped: true }, 'a'],
  ['not named, but the answer was stopped', { stopString: null, stopped: true }, 'a'],
  ['written when the limit came', { stopString: null, stopped: false }, 'aEND'],
  ['another than the node names: it took its own off', { stopString: 'x', stopped: true }, 'aEND'],
])('a stop string at the end is taken off once: %s', (_, ending, expected) => {
  const hold = new StopHold(['END', 'x'])
  expect(hold.push('aEND', 1).text + hold.end(ending).text).toBe(expected)
})
