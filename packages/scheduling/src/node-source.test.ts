import { expect, test } from 'vitest'
import { addressText, sourceAnswered, sourceNodesMax, unknownSource } from './node-source.ts'
import type { NodeAddress, NodeSource, SourceAnswer } from './node-source.ts'

const at = (...ips: string[]): NodeAddress[] => ips.map((ip) => ({ ip, port: 8000 }))
const named = (...ips: string[]): SourceAnswer => ({ kind: 'addresses', addresses: at(...ips), leftOut: null })
const knowing = (...ips: string[]): NodeSource => sourceAnswered(unknownSource, named(...ips), 0).source

test('an answer says who joined and who left, whatever its order and however often it repeats itself', () => {
  const first = sourceAnswered(unknownSource, named('10.0.0.2', '10.0.0.1', '10.0.0.2'), 0)
  expect(first).toEqual({
    source: { addresses: at('10.0.0.1', '10.0.0.2'), trouble: null },
    joined: at('10.0.0.1', '10.0.0.2'),
    left: [],
  })
  expect(sourceAnswered(first.source, named('10.0.0.3', '10.0.0.1'), 1)).toEqual({
    source: { addresses: at('10.0.0.1', '10.0.0.3'), trouble: null },
    joined: at('10.0.0.3'),
    left: at('10.0.0.2'),
  })
})

test('another port is another node', () => {
  const moved: SourceAnswer = { kind: 'addresses', addresses: [{ ip: '10.0.0.1', port: 8001 }], leftOut: null }
  expect(sourceAnswered(knowing('10.0.0.1'), moved, 1)).toMatchObject({
    joined: [{ ip: '10.0.0.1', port: 8001 }],
    left: [{ ip: '10.0.0.1', port: 8000 }],
  })
})

test('an empty, failed or absurd answer never empties a source: what was known stays, and since when it is in trouble is kept', () => {
  const known = knowing('10.0.0.1', '10.0.0.2')
  const tooMany = named(...Array.from({ length: sourceNodesMax + 1 }, (_, n) => `10.1.${n >> 8}.${n & 255}`))
  let source = known
  for (const [index, answer] of [named(), { kind: 'failed', reason: 'ESERVFAIL' } as const, tooMany].entries()) {
    const change = sourceAnswered(source, answer, 100 + index)
    expect(change).toMatchObject({
      joined: [],
      left: [],
      source: { addresses: known.addresses, trouble: { since: 100 } },
    })
    source = change.source
  }
  expect(source.trouble?.reason).toBe('the answer names 1025 addresses, more than 1024')
  expect(sourceAnswered(source, named('10.0.0.1'), 200).source.trouble).toBeNull()
})

test('what is left out is trouble, and the rest is followed', () => {
  const partly: SourceAnswer = { kind: 'addresses', addresses: at('10.0.0.1'), leftOut: '127.0.0.1 may be no node' }
  expect(sourceAnswered(unknownSource, partly, 5).source).toEqual({
    addresses: at('10.0.0.1'),
    trouble: { reason: '127.0.0.1 may be no node', since: 5 },
  })
  expect(sourceAnswered(knowing('10.0.0.9'), { ...partly, addresses: [] }, 5)).toMatchObject({
    left: [],
    source: { addresses: at('10.0.0.9'), trouble: { reason: '127.0.0.1 may be no node' } },
  })
})

test('an address is written as in a URL', () => {
  expect(at('10.0.0.1', 'fd00::5').map(addressText)).toEqual(['10.0.0.1:8000', '[fd00::5]:8000'])
})
