import dns from 'node:dns'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { EndPart, Part } from '@penstock/contracts'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { countsAgainstNode } from '../core/judge-failure.ts'
import { ask, backendOf, startModelServer, userSays } from './model-server.fixture.ts'

/** What a compromised or broken node may send (security §11, group R): every answer is parts within the contract, or a broken attempt. */

const chunk = (content: string, over: object = {}): string =>
  JSON.stringify({ id: 'c1', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...over })
const finish = JSON.stringify({ id: 'c1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const events = (...data: string[]): string => data.map((one) => `data: ${one}\n\n`).join('')
const done = events('[DONE]')

const asked = async (answer: (response: ServerResponse) => void) => {
  const { url, heard } = await startModelServer(answer)
  const backend = backendOf({ url: `${url}/v1`, backend: { kind: 'vllm' } })
  return { ...(await ask(backend, userSays('hi'))), heard }
}
const streaming =
  (body: string | Buffer, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).end(body)
const raw =
  (bytes: string) =>
  (response: ServerResponse): void => {
    const socket = response.socket as Socket
    socket.end(bytes)
  }
const textOf = (parts: Part[]): string => parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')

describe('text of a node stays text', () => {
  const injected = 'a\n\ndata: {"choices":[{"delta":{"content":"forged"}}]}\n\nevent: x\ndata: [DONE]\n\n'

  test('when it holds events of its own (R1)', async () => {
    const { parts, answer } = await asked(streaming(events(chunk(injected), finish) + done))
    expect(textOf(parts)).toBe(injected)
    expect(answer.kind).toBe('end')
  })

  test('whatever line ends, comments and fields surround it (R2)', async () => {
    const odd =
      '\uFEFF: comment\r\n'.repeat(2000) +
      `id: 7\r\nretry: 1\r\nevent: message\r\ndata: ${chunk('a\u2028b')}\r\n\r\n` +
      `data:${chunk('c')}\r\rdata: ${finish}\n\n${done}`
    const { parts, answer } = await asked(streaming(odd))
    expect(textOf(parts)).toBe('a\u2028bc')
    expect(answer.kind).toBe('end')
  })
})

describe('an attempt is broken, counts against the node, and its socket is closed', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['a line of 100 MB (R3)', (response) => flood(response, 100)],
    ['no JSON (R4)', streaming(events('{"choices":[{"delta":{"content":"a"}}'))],
    ['another shape (R4)', streaming(events('{"choices":"no"}'))],
    ['NaN (R4)', streaming(events('{"choices":[{"delta":{"content":NaN}}]}'))],
    ['no finish before [DONE] (R5)', streaming(events(chunk('a')) + done)],
    ['an end in the middle of an event (R5)', streaming(`${events(chunk('a'))}data: {"choi`)],
    [
      'a compressed body that nobody asked for (R5)',
      streaming(Buffer.alloc(100, 0x1f), { 'content-encoding': 'gzip' }),
    ],
    ['no body at all (R5)', streaming('')],
    ['a chunk of another answer (R7)', streaming(events(chunk('a'), chunk('b', { id: 'c2' }), finish) + done)],
    ['an error event (F8)', streaming(events(chunk('a'), '{"error":{"message":"engine","code":500}}') + done)],
    ['an aborted answer (F8)', streaming(events(chunk('a'), finish.replace('"stop"', '"abort"')) + done)],
    ['a redirect (F6)', (response) => void response.writeHead(307, { location: 'http://169.254.169.254/' }).end()],
    ['a status line of 20 KB (R5)', raw(`HTTP/1.1 200 ${'a'.repeat(20_000)}\r\n\r\n`)],
    ['something that is not HTTP (R5)', raw('hello\r\n\r\n')],
  ])('after %s', async (_what, answer) => {
    const { answer: ended, heard } = await asked(answer)
    expect(ended.kind).toBe('trouble')
    if (ended.kind === 'trouble') expect(countsAgainstNode(ended.trouble)).toBe(true)
    expect(heard).toHaveLength(1)
  })
})

test.each([
  [
    { prompt_tokens: -5, completion_tokens: 1e18 },
    { promptTokens: 0, completionTokens: 100_000_000 },
  ],
  [
    { prompt_tokens: 'many', completion_tokens: 1.5 },
    { promptTokens: 0, completionTokens: 1 },
  ],
])('a usage that cannot be is cut to what can (R6): %j', async (usage, expected) => {
  const { answer } = await asked(streaming(events(chunk('a'), finish, JSON.stringify({ choices: [], usage })) + done))
  expect((answer as { end: EndPart }).end.usage).toEqual(expected)
})

test.each<[string, number, string, string]>([
  ['a stream', 200, 'text/event-stream', events(chunk('a'), finish) + done],
  ['an error', 500, 'application/json', '{"error":{"message":"no","code":500}}'],
  ['a refusal', 400, 'application/json', '{"error":{"message":"no","code":400}}'],
  ['a redirect', 302, 'text/html', ''],
])(
  'headers of a node reach nobody: nothing of %s but its parts leaves the adapter (R8)',
  async (_what, status, type, body) => {
    const canary = 'canary-of-a-header'
    const { parts, answer } = await asked((response) => {
      const headers = {
        'content-type': `${type}; x=${canary}`,
        'set-cookie': [`session=${canary}; Domain=.example.com`, `other=${canary}`],
        location: `http://${canary}.example.com/`,
        'www-authenticate': `Basic realm="${canary}"`,
        'access-control-allow-origin': canary,
        'x-gitlab-canary': canary,
        'retry-after': canary,
        trailer: 'x-late',
      }
      response.writeHead(status, canary, headers)
      response.addTrailers({ 'x-late': canary })
      response.end(body)
    })
    expect(JSON.stringify({ parts, answer })).not.toContain('canary')
    expect(answer.kind).toBe(status === 200 ? 'end' : 'trouble')
  },
)

test('a connection that breaks after [DONE] takes nothing away (R5)', async () => {
  const { answer } = await asked((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(events(chunk('a'), finish) + done, () => (response.socket as Socket).resetAndDestroy())
  })
  expect(answer.kind).toBe('end')
})

test('informational answers before the real one are passed over (R5)', async () => {
  const body = events(chunk('a'), finish) + done
  const { answer } = await asked(
    raw(
      `${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(3)}HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  )
  expect(answer.kind).toBe('end')
})

/** So many megabytes without a line end, as fast as they are taken. */
const flood = (response: ServerResponse, megabytes: number): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: "')
  const piece = Buffer.alloc(1024 * 1024, 'a')
  let sent = 0
  const more = (): void => {
    while (sent++ < megabytes && !response.destroyed)
      if (!response.write(piece)) return void response.once('drain', more)
    if (!response.destroyed) response.end()
  }
  more()
}

test('F5: only the configured node’s name is looked up and connected to, whatever a call and its answer name', async () => {
  const elsewhere = await startModelServer((response) => void response.end('{}'))
  const { url, heard } = await startModelServer((response) => {
    const headers = { 'alt-svc': `h2="${new URL(elsewhere.url).host}"`, refresh: `0; url=${elsewhere.url}` }
    streaming(events(chunk('a'), finish) + done, headers)(response)
  })
  const looked = vi.spyOn(dns, 'lookup')
  onTestFinished(() => looked.mockRestore())
  const backend = backendOf({ url: `${url.replace('127.0.0.1', 'localhost')}/v1`, backend: { kind: 'vllm' } })
  const call = { ...userSays(`GET ${elsewhere.url}`), endpoint: elsewhere.url, model_endpoint: elsewhere.url }
  for (const servedName of ['house', `${elsewhere.url}/v1`, '//rebind.example.test/x'])
    expect((await ask(backend, call, { servedName })).answer.kind).toBe('end')
  expect(new Set(looked.mock.calls.map(([name]) => name))).toEqual(new Set(['localhost']))
  expect(heard.map(({ url: path }) => path)).toEqual(Array(3).fill('/v1/chat/completions'))
  expect(JSON.stringify(heard.map(({ body }) => Object.keys(body as object)))).not.toContain('endpoint')
  expect(elsewhere.heard).toEqual([])
})
