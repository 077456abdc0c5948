import { expect, test } from 'vitest'
import { VirtualClock } from '../engine/virtual-clock.ts'
import { FaultBook } from './fault-book.ts'
import { FaultRule } from './fault.ts'
import type { FaultInput } from './fault.ts'

const target = { path: '/', id: 'a', model: 'm', text: () => '', stream: false }

test('a rule lives in its time window, and what concerns the node is begun and ended with it', () => {
  const clock = new VirtualClock()
  const book = new FaultBook(clock, () => 0)
  const acts: string[] = []
  book.actor = {
    begin: (fault) => acts.push(`${clock.nowMs()} begin ${fault.kind}`),
    end: (fault) => acts.push(`${clock.nowMs()} end ${fault.kind}`),
  }
  book.arm(FaultRule.parse({ kind: 'http_500', count: null, afterMs: 100, forMs: 50 }))
  book.arm(FaultRule.parse({ kind: 'slow', factor: 2, afterMs: 20, forMs: 100 }))
  const struckAt = [0, 99, 100, 149, 150].filter((at) => {
    clock.run(at)
    return book.take(target) !== undefined
  })
  expect(struckAt).toEqual([100, 149])
  expect(acts).toEqual(['20 begin slow', '120 end slow'])
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

/** What happens to the node under one rule: instants and kinds. */
const acted = (rule: FaultInput, untilMs: number, draws: readonly number[] = []): { acts: string[]; left: number } => {
  const clock = new VirtualClock()
  const left = [...draws]
  const book = new FaultBook(clock, () => left.shift() ?? 0)
  const acts: string[] = []
  book.actor = {
    begin: ({ kind }) => acts.push(`${clock.nowMs()} ${kind}`),
    end: () => acts.push(`${clock.nowMs()} over`),
  }
  book.arm(FaultRule.parse(rule))
  clock.run(untilMs)
  return { acts: acts.filter((act) => rule.kind === 'slow' || !act.endsWith('over')), left: book.armed().length }
}

test('what concerns the node comes as often as its count says, each time as long after the last', () => {
  const rule = { kind: 'slow', factor: 2, afterMs: 100, forMs: 20, count: 2 } as const
  expect(acted(rule, 1000)).toEqual({ acts: ['100 slow', '120 over', '220 slow', '240 over'], left: 0 })
  expect(acted({ ...rule, count: null }, 1000)).toMatchObject({ acts: { length: 16 }, left: 1 })
})

test('what concerns the node comes each time with its probability', () => {
  const rule = { kind: 'slow', factor: 2, afterMs: 10, forMs: 5, count: 4, probability: 0.5 } as const
  expect(acted(rule, 1000, [0.6, 0.4, 0.5, 0.1])).toEqual({
    acts: ['20 slow', '25 over', '45 slow', '50 over'],
    left: 0,
  })
})

test('a process crashes as often as the rule says, once it is back each time, and the rule is gone after the last', () => {
  expect(acted({ kind: 'crash' }, 1000)).toEqual({ acts: ['0 crash'], left: 0 })
  expect(acted({ kind: 'crash', count: 3, afterMs: 10, restartAfterMs: 50 }, 1000)).toEqual({
    acts: ['10 crash', '70 crash', '130 crash'],
    left: 0,
  })
  expect(acted({ kind: 'engine_dead', count: null, afterMs: 100, exitAfterMs: 20, restartAfterMs: 30 }, 420)).toEqual({
    acts: ['100 engine_dead', '250 engine_dead', '400 engine_dead'],
    left: 1,
  })
})

test('what concerns the node matches no request', () => {
  const issues = FaultRule.safeParse({ kind: 'slow', factor: 2, match: { path: '/' } }).error?.issues
  expect(issues?.map(({ path }) => path)).toEqual([['match']])
  expect(FaultRule.safeParse({ kind: 'crash', when: 'in_prefill', match: { path: '/' } }).success).toBe(true)
})
