import { IngressId, RequestId, RunId } from '@penstock/contracts'
import type { Frame } from '@penstock/contracts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FrameOutbox } from './frame-outbox.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const [one, other] = ['i-1', 'i-2'].map((id) => IngressId.parse(id)) as [IngressId, IngressId]
const frame = (seq: number, text = 'a'): Frame => ({
  request: RequestId.parse('0'.repeat(32)),
  attempt: 1,
  run: RunId.parse('1'.repeat(16)),
  seq,
  parts: [{ kind: 'text', text, tokens: 1 }],
})

const newOutbox = () => {
  const sent: [IngressId, number[]][] = []
  const outbox = new FrameOutbox(4, (ingress, frames) => sent.push([ingress, frames.map(({ seq }) => seq)]))
  return { sent, outbox }
}

describe('frames', () => {
  test('after a pause leave with the same turn, those that follow share a message at most 4 ms later', () => {
    const { sent, outbox } = newOutbox()
    outbox.push(one, frame(0))
    outbox.push(one, frame(1))
    vi.advanceTimersByTime(0)
    expect(sent).toEqual([[one, [0, 1]]])
    for (let seq = 2; seq < 6; seq++) {
      outbox.push(one, frame(seq))
      vi.advanceTimersByTime(1)
    }
    expect(sent).toEqual([
      [one, [0, 1]],
      [one, [2, 3, 4, 5]],
    ])
    vi.advanceTimersByTime(4)
    outbox.push(one, frame(6))
    vi.advanceTimersByTime(0)
    expect(sent.at(-1)).toEqual([one, [6]])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('go to their own ingress, in order', () => {
    const { sent, outbox } = newOutbox()
    for (const [ingress, seq] of [
      [one, 0],
      [other, 0],
      [one, 1],
      [other, 1],
    ] as const)
      outbox.push(ingress, frame(seq))
    outbox.flush()
    expect(sent).toEqual([
      [one, [0, 1]],
      [other, [0, 1]],
    ])
  })

  test('that would make a message too long for the bus do not wait, and lose no place', () => {
    const { sent, outbox } = newOutbox()
    const long = 'x'.repeat(20 * 1024)
    for (let seq = 0; seq < 5; seq++) outbox.push(one, frame(seq, long))
    outbox.flush()
    expect(sent.map(([, seqs]) => seqs)).toEqual([[0], [1], [2], [3], [4]])
  })

  test('leave once, though a flush came first', () => {
    const { sent, outbox } = newOutbox()
    outbox.push(one, frame(0))
    outbox.flush()
    vi.advanceTimersByTime(10)
    expect(sent).toEqual([[one, [0]]])
  })
})
