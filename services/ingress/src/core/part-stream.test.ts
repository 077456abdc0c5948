import { RequestFailure } from '@penstock/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AnswerPart } from './intake.ts'
import { PartStream } from './part-stream.ts'

const text = (n: number): AnswerPart => ({ kind: 'text', text: String(n), tokens: 1 })
const end: AnswerPart = { kind: 'end', finishReason: 'stop', usage: null, node: null }
const failure = new RequestFailure('internal')

const readAll = async (parts: PartStream): Promise<(AnswerPart | 'failed')[]> => {
  const read: (AnswerPart | 'failed')[] = []
  try {
    for await (const part of parts) read.push(part)
  } catch (error) {
    expect(error).toBe(failure)
    read.push('failed')
  }
  return read
}

test('whatever comes while the reader waits or works is read once, in order, up to the end or the failure', async () => {
  const turns = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(turns, fc.boolean(), fc.boolean(), async (burst, fails, early) => {
      const parts = new PartStream()
      let reading = early ? readAll(parts) : null
      const pushed: AnswerPart[] = []
      for (const count of burst) {
        for (let n = 0; n < count; n++) {
          pushed.push(text(pushed.length))
          parts.push(pushed.at(-1)!)
        }
        await new Promise((resolve) => setImmediate(resolve))
        if (pushed.length > 4) reading ??= readAll(parts)
      }
      if (fails) parts.fail(failure)
      else parts.push(end)
      reading ??= readAll(parts)
      expect(await reading).toEqual([...pushed, fails ? 'failed' : end])
    }),
  )
})

test('the first part is waited for and stays to be read; a failure ahead of it is thrown', async () => {
  const parts = new PartStream()
  const first = parts.first()
  parts.push(text(0))
  parts.push(end)
  await first
  expect(await readAll(parts)).toEqual([text(0), end])

  const failing = new PartStream()
  const none = failing.first()
  failing.fail(failure)
  await expect(none).rejects.toBe(failure)
})
