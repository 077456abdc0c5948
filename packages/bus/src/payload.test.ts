import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { decodePayload, encodePayload } from './payload.ts'

const anything = z.unknown()

test('whatever message and bytes go in, line feeds in both, come out', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.option(fc.uint8Array(), { nil: undefined }), (message, bytes) => {
      const decoded = decodePayload(anything, encodePayload(message, bytes))
      expect(decoded).toMatchObject({ ok: true, message: JSON.parse(JSON.stringify(message)) })
      expect(decoded.ok && [...decoded.bytes]).toEqual([...(bytes ?? [])])
    }),
  )
})

test('a payload that is a part of a larger buffer is read from its own bytes only', () => {
  const whole = Buffer.concat([Buffer.from('xx'), encodePayload({ a: 1 }, Buffer.from('b\n')), Buffer.from('yy')])
  const decoded = decodePayload(anything, whole.subarray(2, -2))
  expect(decoded).toMatchObject({ ok: true, message: { a: 1 } })
  expect(decoded.ok && Buffer.from(decoded.bytes).toString()).toBe('b\n')
})

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (noise) => {
      expect(typeof decodePayload(z.object({ a: z.int() }), noise).ok).toBe('boolean')
    }),
  )
})

test('the reason names the field and never quotes its value', () => {
  const decoded = decodePayload(z.object({ a: z.object({ b: z.int() }) }), Buffer.from('{"a":{"b":"canary"}}'))
  expect(decoded).toMatchObject({ ok: false, reason: expect.stringMatching(/^a\.b: /) })
  expect(JSON.stringify(decoded)).not.toContain('canary')
})
