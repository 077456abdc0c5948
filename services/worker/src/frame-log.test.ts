import { RequestId, RunId } from '@penstock/contracts'
import type { Frame, Part } from '@penstock/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FrameClock } from './frame-clock.ts'
import { FrameLog } from './frame-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const options = { request: RequestId.parse('0'.repeat(32)), attempt: 1, run: RunId.parse('1'.repeat(16)) }
const text = (content: string): Part => ({ kind: 'text', text: content, tokens: 1 })
const end: Part = { kind: 'end', finishReason: 'stop', usage: null, node: 'a' }

const newLog = (clock = new FrameClock(20, () => {})) => {
  const sent: Frame[] = []
  return { sent, log: new FrameLog(options, clock, (frame) => sent.push(frame)) }
}
const textOf = (frames: Frame[]) =>
  frames.flatMap(({ parts }) => parts.map((part) => ('text' in part ? part.text : part.kind)))

describe('parts', () => {
  test('leave at once when the last frame left 20 ms ago, else together with the next beat, at most 20 ms later', () => {
    const { sent, log } = newLog()
    log.add(text('a'))
    expect(textOf(sent)).toEqual(['a'])
    vi.advanceTimersByTime(5)
    for (const content of 'bcd') log.add(text(content))
    expect(sent).toHaveLength(1)
    vi.advanceTimersByTime(20)
    expect(textOf(sent)).toEqual(['a', 'bcd'])
    expect(sent[1]?.parts).toEqual([{ kind: 'text', text: 'bcd', tokens: 3 }])
    vi.advanceTimersByTime(20)
    log.add(text('e'))
    expect(textOf(sent)).toEqual(['a', 'bcd', 'e'])
  })

  test.each([
    ['text', text('x'.repeat(4096))],
    ['arguments of a tool call', { kind: 'tool-calls', calls: [{ index: 0, arguments: 'x'.repeat(4096) }] }],
  ] as [string, Part][])('leave as soon as 4 KB of %s have gathered', (_what, large) => {
    const { sent, log } = newLog()
    log.add(text('a'))
    log.add(text('b'))
    log.add(large)
    expect(sent).toHaveLength(2)
  })

  test('of all runs share the beat, and none waits longer for it', () => {
    const clock = new FrameClock(20, () => {})
    const runs = [newLog(clock), newLog(clock), newLog(clock)]
    for (const { log } of runs) log.add(text('a'))
    for (const { log } of runs) {
      log.add(text('b'))
      vi.advanceTimersByTime(3)
    }
    vi.advanceTimersByTime(11)
    expect(runs.map(({ sent }) => textOf(sent).join(''))).toEqual(['ab', 'ab', 'ab'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of other kinds are neither joined nor moved', () => {
    const { sent, log } = newLog()
    const calls: Part = { kind: 'tool-calls', calls: [{ index: 0, arguments: '{' }] }
    log.add(text('a'))
    for (const part of [text('b'), calls, text('c'), end]) log.add(part)
    vi.advanceTimersByTime(20)
    expect(sent[1]?.parts).toEqual([text('b'), calls, text('c'), end])
  })
})

describe('frames', () => {
  test('are numbered from 0 without a gap', () => {
    const { sent, log } = newLog()
    for (let n = 0; n < 100; n++) {
      log.add(text(String(n)))
      vi.advanceTimersByTime(n % 30)
    }
    log.close(end)
    expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, at) => at))
    expect(textOf(sent).join('')).toBe(`${Array.from({ length: 100 }, (_, n) => n).join('')}end`)
  })

  test('can be sent again from any number, as they were', () => {
    const { sent, log } = newLog()
    for (const content of 'abc') {
      log.add(text(content))
      vi.advanceTimersByTime(20)
    }
    log.close(end)
    const first = [...sent]
    for (const fromSeq of [0, 2, 4, 9]) {
      sent.length = 0
      log.resend(fromSeq)
      expect(sent).toEqual(first.slice(fromSeq))
    }
  })
})

describe('after the last part', () => {
  test('nothing leaves any more, neither parts nor a second end nor a late beat', () => {
    const { sent, log } = newLog()
    log.add(text('a'))
    log.add(text('b'))
    log.close(end)
    expect(textOf(sent)).toEqual(['a', 'b', 'end'])
    log.add(text('c'))
    log.close({ kind: 'handover' })
    vi.advanceTimersByTime(100)
    expect(sent).toHaveLength(2)
  })

  test('a run that was taken away says nothing more', () => {
    const { sent, log } = newLog()
    log.add(text('a'))
    log.add(text('b'))
    log.abandon()
    log.close(end)
    vi.advanceTimersByTime(100)
    expect(textOf(sent)).toEqual(['a'])
  })
})
