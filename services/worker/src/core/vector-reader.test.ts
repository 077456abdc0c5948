import { describe, expect, it } from 'vitest'
import { VectorReader } from './vector-reader.ts'

const item = (index: unknown, embedding: unknown) => ({ object: 'embedding', index, embedding })

describe('a pooling node’s answer', () => {
  it('becomes one part for each text, in its order, and an end', () => {
    const reader = new VectorReader({ node: 'node', answersAs: ['m'], texts: 2 })
    expect(reader.end()).toBeNull()
    const answer = {
      model: 'm',
      data: [item(1, [0.5, -1e-7]), item(0, [1])],
      usage: { prompt_tokens: 8, total_tokens: 8 },
    }
    expect(reader.read(answer)).toEqual({
      kind: 'parts',
      parts: [
        { kind: 'embedding', index: 1, values: [0.5, -1e-7] },
        { kind: 'embedding', index: 0, values: [1] },
      ],
    })
    expect(reader.end()).toEqual({
      kind: 'end',
      finishReason: 'stop',
      usage: { promptTokens: 8, completionTokens: 0 },
      node: 'node',
    })
  })

  it.each([
    ['no object', []],
    ['an error', { error: { message: 'CANARY' } }],
    ['no list', { data: {} }],
    ['the name of another model', { model: 'CANARY', data: [item(0, [1]), item(1, [1])] }],
    ['too few vectors', { data: [item(0, [1])] }],
    ['the same index twice', { data: [item(0, [1]), item(0, [1])] }],
    ['an index beyond', { data: [item(0, [1]), item(2, [1])] }],
    ['a vector of text', { data: [item(0, 'AAAA'), item(1, [1])] }],
    ['a number that is none', { data: [item(0, [null]), item(1, [1])] }],
    ['an empty vector', { data: [item(0, []), item(1, [1])] }],
  ])('with %s is broken, and the reason quotes nothing', (_what, answer) => {
    const reader = new VectorReader({ node: 'node', answersAs: ['m'], texts: 2 })
    const reading = reader.read(answer)
    expect(reading.kind).toBe('broken')
    expect(JSON.stringify(reading)).not.toContain('CANARY')
    expect(reader.end()).toBeNull()
  })
})
