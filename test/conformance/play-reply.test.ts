import { expect, test } from 'vitest'
import { playReply } from './play-reply.ts'

const body = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'sum 🌊' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
}
type Chunk = {
  object: string
  choices: { delta?: { content?: string; role?: string }; text?: string; finish_reason: string | null }[]
  usage?: object
}
const streamed = { stream: true, includeUsage: true }
const chunksOf = (text: string): (Chunk | string)[] =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((event) => event.replace('data: ', ''))
    .map((data) => (data === '[DONE]' ? data : (JSON.parse(data) as Chunk)))

test('a JSON answer is played as chunks when a stream is asked for', () => {
  const played = playReply({ status: 200, headers: { 'Content-Type': 'application/json' }, body }, streamed)
  expect(played.headers).toEqual({ 'content-type': 'text/event-stream' })
  const chunks = chunksOf(played.body)
  expect(chunks.at(-1)).toBe('[DONE]')
  const objects = chunks.slice(0, -1) as Chunk[]
  expect(objects[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
  expect(objects.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')).toBe('sum 🌊')
  expect(objects.at(-2)?.choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' })
  expect(objects.at(-1)).toMatchObject({ choices: [], usage: body.usage })
  expect(objects.length).toBe(5)
})

test('usage comes only when it is asked for, and an empty answer has no content chunk', () => {
  const empty = { ...body, choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }] }
  expect(chunksOf(playReply({ body: empty }, { stream: true, includeUsage: false }).body)).toHaveLength(3)
})

test('a text completion is played as text chunks', () => {
  const text = { object: 'text_completion', model: 'm', choices: [{ index: 0, text: 'ab', finish_reason: 'length' }] }
  const objects = chunksOf(playReply({ body: text }, streamed).body).slice(0, -1) as Chunk[]
  expect(objects.map(({ choices }) => choices[0]?.text).join('')).toBe('ab')
  expect(objects.at(-1)?.choices[0]?.finish_reason).toBe('length')
})

test('errors, JSON that was asked for, and event streams go out as they are', () => {
  expect(playReply({ status: 429, headers: { 'Retry-After': '7' }, body: { error: {} } }, streamed)).toEqual({
    status: 429,
    headers: { 'Retry-After': '7', 'content-type': 'application/json' },
    body: '{"error":{}}',
  })
  expect(JSON.parse(playReply({ body }, { stream: false, includeUsage: false }).body)).toEqual(body)
  expect(playReply({ sse_data: [{ a: 1 }, '[DONE]'] }, streamed).body).toBe('data: {"a":1}\n\ndata: [DONE]\n\n')
})
