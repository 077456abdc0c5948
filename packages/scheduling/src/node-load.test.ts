import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NodeLoad } from './node-load.ts'
import type { Seat } from './node-load.ts'

test('whatever calls do and in whatever order, an empty node counts nothing', () => {
  const call = fc.record({
    promptTokens: fc.nat(100_000),
    outputTokensMax: fc.nat(8000),
    decodes: fc.boolean(),
    endsWith: fc.option(fc.nat(4000)),
    releasedTwice: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
      const load = new NodeLoad()
      const held = calls.map((one): [typeof one, Seat] => [one, load.take(one, 0)])
      expect(load.inFlight).toBe(calls.length)
      expect(load.prefillTokens).toBe(calls.reduce((sum, { promptTokens }) => sum + promptTokens, 0))
      for (const [one, seat] of held) {
        if (one.decodes) load.decodes(seat, 1)
        load.release(seat, one.endsWith)
        if (one.releasedTwice) load.release(seat, null)
        load.decodes(seat, 2)
      }
      expect([load.inFlight, load.prefillTokens, load.kvTokens, load.silentForMs(5)]).toEqual([0, 0, 0, null])
    }),
  )
})

test('a call weighs its prompt until its first token', () => {
  const load = new NodeLoad()
  const seat = load.take({ promptTokens: 900, outputTokensMax: 100 }, 0)
  expect(load.prefillTokens).toBe(900)
  load.decodes(seat, 10)
  expect([load.prefillTokens, load.kvTokens]).toEqual([0, 1000])
})

test('a first token is overdue until it comes or its call is over', () => {
  const load = new NodeLoad()
  const [first, second] = [
    load.take({ promptTokens: 1, outputTokensMax: 1 }, 0),
    load.take({ promptTokens: 1, outputTokensMax: 1 }, 0),
  ]
  expect(load.isOverdue(1e6)).toBe(false)
  load.called(first, 100)
  load.called(second, 200)
  expect([load.isOverdue(100), load.isOverdue(101)]).toEqual([false, true])
  load.decodes(first, 110)
  expect([load.isOverdue(150), load.isOverdue(201)]).toEqual([false, true])
  load.release(second, null)
  load.called(second, 300)
  expect(load.isOverdue(1e6)).toBe(false)
})

test('a node is silent since its last byte only while something decodes', () => {
  const load = new NodeLoad()
  const seat = load.take({ promptTokens: 1, outputTokensMax: 1 }, 0)
  expect(load.silentForMs(9000)).toBeNull()
  load.decodes(seat, 9000)
  load.heard(9500)
  expect(load.silentForMs(11_000)).toBe(1500)
})
