import { expect, test } from 'vitest'
import { VirtualClock } from '../engine/virtual-clock.ts'
import { FaultBook } from './fault-book.ts'
import { FaultRule } from './fault.ts'

const target = { path: '/', id: 'a', model: 'm', text: () => '', stream: false }

test('a rule lives in its time window, and what concerns the node is begun and ended with it', () => {
  const clock = new VirtualClock()
  const book = new FaultBook(clock, () => 0)
  const acted: string[] = []
  book.actor = {
    begin: (fault) => acted.push(`${clock.nowMs()} begin ${fault.kind}`),
    end: (fault) => acted.push(`${clock.nowMs()} end ${fault.kind}`),
  }
  book.arm(FaultRule.parse({ kind: 'http_500', count: null, afterMs: 100, forMs: 50 }))
  book.arm(FaultRule.parse({ kind: 'slow', factor: 2, afterMs: 20, forMs: 100 }))
  const struckAt = [0, 99, 100, 149, 150].filter((at) => {
    clock.run(at)
    return book.take(target) !== undefined
  })
  expect(struckAt).toEqual([100, 149])
  expect(acted).toEqual(['20 begin slow', '120 end slow'])
  expect(book.armed()).toEqual([])
})

test('a rule that is disarmed before its time never begins', () => {
  const clock = new VirtualClock()
  const book = new FaultBook(clock, () => 0)
  const id = book.arm(FaultRule.parse({ kind: 'http_500', afterMs: 100 }))
  expect([book.disarm(id), book.disarm(id)]).toEqual([true, false])
  clock.run(200)
  expect(book.take(target)).toBeUndefined()
})
