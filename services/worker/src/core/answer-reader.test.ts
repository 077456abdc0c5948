import { Part } from '@penstock/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerReader } from './answer-reader.ts'

const plain = { node: 'a', answersAs: null, stopStringsLeft: [] }
const chunk = (choice: object | null, over: object = {}) => ({
  id: 'cmpl-1',
  object: 'chat.completion.chunk',
  choices: choice === null ? [] : [{ index: 0, ...choice }],
  ...over,
})
const text = (content: string, tokenIds?: number[]) =>
  chunk({ delta: { content }, ...(tokenIds === undefined ? {} : { token_ids: tokenIds }) })

const readAll = (...objects: unknown[]) => {
  const reader = new AnswerReader({ ...plain, node: 'node-a' })
  return { readings: objects.map((object) => reader.read(object)), end: reader.end() }
}

describe('an answer', () => {
  test('ends well with a finish reason, and its usage may follow', () => {
    const { readings, end } = readAll(
      chunk({ delta: { role: 'assistant', content: '' } }),
      text('one ', [1]),
      text('two', [2, 3]),
      chunk({ delta: {}, finish_reason: 'stop' }),
      chunk(null, { usage: { prompt_tokens: 7, completion_tokens: 3 } }),
    )
    expect(readings.flatMap((reading) => (reading.kind === 'parts' ? reading.parts : []))).toEqual([
      { kind: 'text', text: 'one ', tokens: 1 },
      { kind: 'text', text: 'two', tokens: 2 },
    ])
    expect(end).toEqual({
      kind: 'end',
      finishReason: 'stop',
      usage: { promptTokens: 7, completionTokens: 3 },
      node: 'node-a',
    })
  })

  test('ends without the stop string that its node leaves in it, and counts only tokens whose text is out', () => {
    const reader = new AnswerReader({ ...plain, stopStringsLeft: ['\n\n', 'END'] })
    const said = (...read: unknown[]) =>
      read.flatMap((one) => {
        const reading = reader.read(one)
        return reading.kind === 'parts' ? reading.parts : []
      })
    expect(said(text('one', [1]), text('\n', [2]), text('two E', [3, 4]))).toEqual([
      { kind: 'text', text: 'one', tokens: 1 },
      { kind: 'text', text: '\ntwo ', tokens: 1 },
    ])
    const last = chunk({ delta: { content: 'ND' }, token_ids: [5], finish_reason: 'stop', stop_reason: 'END' })
    expect(said(last)).toEqual([])
    expect(reader.end()).toMatchObject({ finishReason: 'stop', stopString: 'END' })
  })

  test('says what it held back before it calls a tool', () => {
    const reader = new AnswerReader({ ...plain, stopStringsLeft: ['END'] })
    reader.read(text('say E', [1]))
    expect(
      reader.read(chunk({ delta: { tool_calls: [{ index: 0, id: 'c', function: { name: 'f' } }] } })),
    ).toMatchObject({
      parts: [{ kind: 'text', text: 'E', tokens: 1 }, { kind: 'tool-calls' }],
    })
  })

  test('that stops without a finish reason has not ended', () => {
    expect(readAll(text('half')).end).toBeNull()
    expect(readAll().end).toBeNull()
  })

  test('may come in one piece from a server that does not stream', () => {
    const { readings, end } = readAll({
      id: 'x',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'length' }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    })
    expect(readings).toEqual([{ kind: 'parts', parts: [{ kind: 'text', text: 'whole', tokens: 1 }] }])
    expect(end?.finishReason).toBe('length')
  })

  test('keeps reasoning, text and tool calls apart', () => {
    const call = { index: 0, id: 'c1', function: { name: 'grep', arguments: '{"a' } }
    const { readings } = readAll(chunk({ delta: { reasoning: 'hm', content: 'so', tool_calls: [call] } }))
    expect(readings).toMatchObject([
      {
        parts: [
          { kind: 'reasoning', text: 'hm' },
          { kind: 'text', text: 'so' },
          { kind: 'tool-calls', calls: [{ index: 0, id: 'c1', name: 'grep', arguments: '{"a' }] },
        ],
      },
    ])
  })
})

describe('an answer is broken by', () => {
  test('an error event, also after a finish reason', () => {
    const reader = new AnswerReader(plain)
    reader.read(chunk({ delta: {}, finish_reason: 'stop' }))
    expect(reader.read({ error: { message: 'engine', type: 'InternalServerError', code: 500 } })).toEqual({
      kind: 'broken',
      reason: 'error event (500)',
    })
  })

  test.each(['abort', 'error', 'something new'])('the finish reason %s', (reason) => {
    expect(readAll(text('half'), chunk({ delta: {}, finish_reason: reason })).readings[1]?.kind).toBe('broken')
  })

  test('a chunk of another answer: two streams got crossed', () => {
    const { readings } = readAll(text('mine'), { ...text('not mine'), id: 'cmpl-2' })
    expect(readings[1]).toEqual({ kind: 'broken', reason: 'chunk of another answer' })
  })

  test('the name of another model, unless nobody knows how the node names its own', () => {
    const named = { ...text('said'), model: 'stranger' }
    const reader = new AnswerReader({ ...plain, answersAs: ['house', 'house-coder'] })
    expect(reader.read({ ...text('so'), model: 'house-coder' }).kind).toBe('parts')
    expect(reader.read(text('no name')).kind).toBe('parts')
    expect(reader.read(named)).toEqual({ kind: 'broken', reason: 'answer of another model' })
    expect(new AnswerReader(plain).read(named).kind).toBe('parts')
  })

  test('a piece that no message on the bus could carry, in text or in arguments', () => {
    const large = 'x'.repeat(300 * 1024)
    expect(readAll(text('x'.repeat(100 * 1024))).readings[0]?.kind).toBe('parts')
    expect(readAll(text(large)).readings[0]?.kind).toBe('broken')
    const calls = [{ index: 0, function: { arguments: large } }]
    expect(readAll(chunk({ delta: { tool_calls: calls } })).readings[0]?.kind).toBe('broken')
  })

  test.each([null, 1, 'text', [], { choices: {} }, { choices: [{ delta: { content: 3 } }] }])('%j', (garbage) => {
    expect(readAll(garbage).readings[0]?.kind).toBe('broken')
  })
})

test('whatever JSON a node sends, reading never throws and every part fits the contract', () => {
  const choice = fc.record(
    {
      index: fc.constantFrom(0, 1, null),
      delta: fc.oneof(fc.jsonValue(), fc.record({ content: fc.string(), tool_calls: fc.jsonValue() })),
      finish_reason: fc.jsonValue(),
      token_ids: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const object = fc.oneof(
    fc.jsonValue(),
    fc.record({ id: fc.jsonValue(), choices: fc.array(choice), usage: fc.jsonValue() }),
  )
  fc.assert(
    fc.property(fc.array(object), (objects) => {
      const reader = new AnswerReader(plain)
      for (const one of objects) {
        const reading = reader.read(one)
        if (reading.kind === 'parts') for (const part of reading.parts) expect(Part.safeParse(part).success).toBe(true)
      }
      const end = reader.end()
      if (end !== null) expect(Part.safeParse(end).success).toBe(true)
    }),
  )
})
