import { expect, test } from 'vitest'
import { ChatStream } from './chat-stream.ts'

const event = (choice: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [{ index: 0, ...choice }] })}\n\n`
const stream =
  event({ delta: { role: 'assistant', content: '' }, finish_reason: null }) +
  event({ delta: { content: 'deep 🌊' }, finish_reason: null }) +
  event({ delta: { content: ' sea' }, finish_reason: null }) +
  event({ delta: {}, finish_reason: 'stop' }) +
  'data: [DONE]\n\n'

const read = (parts: Uint8Array[]) => {
  const texts: { text: string; at: number }[] = []
  const chat = new ChatStream({ onText: (text, at) => texts.push({ text, at }) })
  parts.forEach((part, index) => chat.take(part, index))
  return { texts, end: chat.end }
}

test('text comes with the instant of the bytes that completed it', () => {
  const cut = stream.indexOf('sea')
  const { texts, end } = read([Buffer.from(stream.slice(0, cut)), Buffer.from(stream.slice(cut))])
  expect(texts).toEqual([
    { text: 'deep 🌊', at: 0 },
    { text: ' sea', at: 1 },
  ])
  expect(end).toEqual({ id: 'chatcmpl-1', finishReason: 'stop', done: true, error: null })
})

test('a stream cut at any byte reads the same', () => {
  const { texts, end } = read([...Buffer.from(stream)].map((byte) => Uint8Array.of(byte)))
  expect(texts.map(({ text }) => text).join('')).toBe('deep 🌊 sea')
  expect(end.done).toBe(true)
})

test('an error event, a broken event and a stream without its end are told apart from a clean end', () => {
  expect(read([Buffer.from('data: {"error":{"code":"internal"}}\n\n')]).end).toMatchObject({
    error: '{"code":"internal"}',
    done: false,
  })
  expect(read([Buffer.from('data: {"id"\n\n')]).end.error).toMatch(/not JSON/)
  expect(read([Buffer.from(event({ delta: { content: 'a' } }))]).end).toMatchObject({ done: false, error: null })
  expect(read([Buffer.from(stream + event({ delta: { content: 'a' } }))]).end.error).toMatch(/after \[DONE\]/)
})
