import { expect, test } from 'vitest'
import { compareResponse } from './compare-response.ts'
import { parseFixture } from './load-fixture.ts'

const facts = { requestHeaders: {}, defaultModelNames: [], nowS: 0 }

/** The paths in which an answer differs from a fixture's response. */
const differences = (
  response: object,
  answer: { status?: number; headers?: Record<string, string>; text: string },
  more: object = {},
): string[] => {
  const fixture = parseFixture(
    JSON.stringify({
      name: 'x',
      request: { method: 'GET', path: '/' },
      response: { status: 200, ...response },
      ...more,
    }),
  )
  const whole = { status: 200, headers: {}, brokenOff: null, tookMs: 1, ...answer }
  return compareResponse(fixture, whole, facts).map(({ path }) => path)
}

test('status, headers and body are compared, names of headers without case', () => {
  const response = { headers: { 'Content-Type': 'application/json', Allow: 'POST' }, body: { detail: 'x' } }
  expect(
    differences(response, { headers: { 'content-type': 'application/json', allow: 'POST' }, text: '{"detail":"x"}' }),
  ).toEqual([])
  const wrong = { status: 500, headers: { 'content-type': 'application/json; charset=utf-8' }, text: '{"detail":"y"}' }
  expect(differences(response, wrong)).toEqual(['status', 'headers.Content-Type', 'headers.Allow', 'body.detail'])
})

test('a body that is a JSON string is not the bare text', () => {
  expect(differences({ body: 'Hello' }, { text: '"Hello"' })).toEqual([])
  expect(differences({ body: 'Hello' }, { text: 'Hello' })).toEqual(['body'])
  expect(differences({ text: 'Hello' }, { text: 'Hello' })).toEqual([])
})

const line = (text: string, finish: string | null = null): object => ({
  type: 'delta',
  data: { text, finish_reason: finish },
})
const ndjson = (...lines: object[]): string => lines.map((each) => `${JSON.stringify(each)}\n`).join('')

test('lines count one by one unless boundaries are volatile', () => {
  const response = { ndjson: [line('ab'), line('c', 'stop')] }
  const text = ndjson(line('a'), line('bc', 'stop'))
  const free = { volatile: ['delta boundaries', 'finish_reason'] }
  expect(differences(response, { text: ndjson(line('ab'), line('c', 'stop')) })).toEqual([])
  expect(differences(response, { text })).not.toEqual([])
  expect(differences(response, { text }, free)).toEqual([])
  expect(differences(response, { text: ndjson(line('a'), line('bd')) }, free)).toEqual(['ndjson[0].data.text'])
})

test('an extra event at the end is an error unless a note tolerates it', () => {
  const response = { ndjson: [line('a')] }
  const text = ndjson(line('a'), { type: 'usage', data: {} })
  expect(differences(response, { text })).toEqual(['ndjson'])
  expect(differences(response, { text }, { notes: ['an extra usage event after the last one is tolerated'] })).toEqual(
    [],
  )
})

const chunk = (content: string): object => ({ choices: [{ delta: { content }, index: 0 }] })
const event = (name: string, data: object): string => `event: ${name}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`

test('server-sent events compare by name and data, in the framing that is asked for', () => {
  const response = {
    framing: 'event line, data line, blank line; CRLF',
    events: [
      { event: 'content_chunk', data: chunk('ab\n') },
      { event: 'stream_end', data: null },
    ],
  }
  const text = `${event('content_chunk', chunk('a'))}: ping\r\n\r\n${event('content_chunk', chunk('b\n'))}event: stream_end\r\ndata: null\r\n\r\n`
  const free = { volatile: ['chunk boundaries'] }
  expect(differences(response, { text }, free)).toEqual([])
  expect(differences(response, { text: text.replaceAll('\r\n', '\n') }, free)).toEqual(['framing'])
})

test('concatenated content is the text of events, lines or the whole body', () => {
  const response = { concatenated_content: 'abc' }
  expect(
    differences(response, { text: event('content_chunk', chunk('ab')) + event('content_chunk', chunk('c')) }),
  ).toEqual([])
  const lines = { headers: { 'content-type': 'application/x-ndjson' }, text: ndjson(line('a'), line('bc')) }
  expect(differences(response, lines)).toEqual([])
  expect(differences(response, { text: 'abc' })).toEqual([])
  expect(differences(response, { text: 'abd' })).toEqual(['concatenated_content'])
})

test('what is no fixture is refused with the reason', () => {
  expect(() => parseFixture('{"name":"x","request":{"method":"GET","path":"/"}}')).toThrow('no response with a status')
  expect(() => parseFixture('{')).toThrow('JSON')
})
