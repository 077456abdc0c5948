import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundedCorrelationId, boundedDataJson } from './bounded-entry.ts'
import { canonicalJson } from './canonical-json.ts'
import { checkLine, sealRecord, type UnsealedRecord } from './record.ts'

const sample: UnsealedRecord = {
  seq: 7,
  writerId: 'w-1',
  at: '2026-01-02T03:04:05.678Z',
  type: 'response.completed',
  requestId: 'r1',
  correlationId: '01ABC',
  dataJson: canonicalJson({ tokens: 12, model: 'qwén', ratio: 0.25, codes: [1, null, true] }),
  prev: 'ab'.repeat(32),
}

test('the hash is what another implementation of the format computes', () => {
  // Computed with Python: sha256(json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)).
  expect(sealRecord(sample).hash).toBe('a96501a6848819a473c81d5bbf88fef65ef22dc7ea93c75013c9a653e920f84c')
})

test('a sealed line is the canonical JSON of its record and is intact', () => {
  const { line } = sealRecord(sample)
  expect(canonicalJson(JSON.parse(line))).toBe(line)
  expect(checkLine(Buffer.from(line)).kind).toBe('intact')
})

test('a line with any byte changed is not intact', () => {
  const line = Buffer.from(sealRecord(sample).line)
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(line)
      changed[at] = changed[at]! ^ change
      expect(checkLine(changed).kind).not.toBe('intact')
    }),
    { numRuns: 1000 },
  )
})

test('data of any shape fits its bound and remains canonical JSON', () => {
  const anything = fc.dictionary(fc.string({ unit: 'binary' }), fc.anything({ withBigInt: true, withDate: true }))
  fc.assert(
    fc.property(anything, fc.integer({ min: 18, max: 2000 }), (data, bytesMax) => {
      const json = boundedDataJson(data as never, bytesMax)
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(bytesMax)
      expect(canonicalJson(JSON.parse(json))).toBe(json)
    }),
    { numRuns: 50 },
  )
})

test('data that is too large keeps its first small members and says that it was cut', () => {
  const data = { code: 'overloaded', nested: { a: 1 }, text: 'x'.repeat(5000), tokens: 3, more: 'y'.repeat(5000) }
  const kept = JSON.parse(boundedDataJson(data, 400)) as Record<string, unknown>
  expect(kept).toEqual({ code: 'overloaded', text: 'x'.repeat(256), tokens: 3, truncated: true })
})

test('a correlation id becomes bounded printable ASCII', () => {
  expect(boundedCorrelationId('a b\né')).toBe('a_b__')
  expect(boundedCorrelationId('x'.repeat(1000))).toHaveLength(128)
  expect(boundedCorrelationId('')).toBeUndefined()
})
