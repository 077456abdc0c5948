import type { ServerResponse } from 'node:http'
import type { ModelCall } from '@penstock/models'
import { waitFor } from '@penstock/testkit'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ask, backendOf, startModelServer, userSays } from '../model-server.fixture.ts'
import { converseRequest } from './converse-request.ts'
import { streamEvent, streamException } from './event-stream.fixture.ts'

const modelId = 'eu.anthropic.claude-sonnet-4-20250514-v1:0'

/** A stream as the reference of ConverseStream documents it, padding included. */
const helloStream = [
  streamEvent('messageStart', { role: 'assistant', p: 'abcdef' }),
  streamEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' }, p: 'abc' }),
  streamEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: ' wörld 🌊' }, p: 'ab' }),
  streamEvent('contentBlockStop', { contentBlockIndex: 0, p: 'abcd' }),
  streamEvent('messageStop', { stopReason: 'end_turn', p: 'a' }),
  streamEvent('metadata', {
    usage: { inputTokens: 12, outputTokens: 4, totalTokens: 16 },
    metrics: { latencyMs: 531 },
    p: 'abc',
  }),
]

const stream =
  (pieces: readonly Buffer[], { end = true, bytesAtOnce = Infinity } = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
    const all = Buffer.concat(pieces)
    for (let at = 0; at < all.length; at += Math.min(bytesAtOnce, all.length))
      response.write(all.subarray(at, at + Math.min(bytesAtOnce, all.length)))
    if (end) response.end()
  }
const refusal =
  (status: number, type: string, text: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type, ...headers })
      .end(JSON.stringify({ message: text }))

const bedrock = (url: string, over: object = {}) =>
  backendOf({
    url,
    backend: { kind: 'bedrock', region: 'eu-central-1', accessKey: { id: 'env:ID', secret: 'env:SECRET' } },
    ...over,
  })
const withTools: ModelCall = {
  kind: 'chat',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Weather in Bonn and Kiel?' },
    {
      role: 'assistant',
      content: null,
      toolCalls: [
        { id: 't1', name: 'weather', arguments: '{"city":"Bonn"}' },
        { id: 't2', name: 'weather', arguments: '{"city":"Kiel"}' },
      ],
    },
    { role: 'tool', toolCallId: 't1', content: 'sun' },
    { role: 'tool', toolCallId: 't2', content: 'rain' },
    { role: 'user', content: 'So?' },
  ],
  tools: [{ name: 'weather', description: 'tells', parameters: { type: 'object' } }],
  toolChoice: 'required',
  maxTokens: 50,
  temperature: 0,
  topP: 0.9,
  stop: ['END'],
}

describe('Bedrock', () => {
  test('is asked through Converse at the configured address, signed for its region', async () => {
    const { url, heard } = await startModelServer(stream(helloStream))
    const { parts, answer } = await ask(bedrock(url), withTools, { servedName: modelId })
    expect(parts).toEqual([
      { kind: 'text', text: 'Hello', tokens: 1 },
      { kind: 'text', text: ' wörld 🌊', tokens: 1 },
    ])
    expect(answer).toEqual({
      kind: 'end',
      end: { kind: 'end', finishReason: 'stop', usage: { promptTokens: 12, completionTokens: 4 }, node: 'vendor' },
    })
    expect(heard[0]?.url).toBe(`/model/${encodeURIComponent(modelId)}/converse-stream`)
    expect(heard[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=secret of env:ID\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
    )
    expect(heard[0]?.body).toEqual({
      system: [{ text: 'Be brief.' }],
      messages: [
        { role: 'user', content: [{ text: 'Weather in Bonn and Kiel?' }] },
        {
          role: 'assistant',
          content: [
            { toolUse: { toolUseId: 't1', name: 'weather', input: { city: 'Bonn' } } },
            { toolUse: { toolUseId: 't2', name: 'weather', input: { city: 'Kiel' } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 't1', content: [{ text: 'sun' }] } },
            { toolResult: { toolUseId: 't2', content: [{ text: 'rain' }] } },
            { text: 'So?' },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 50, temperature: 0, topP: 0.9, stopSequences: ['END'] },
      toolConfig: {
        tools: [{ toolSpec: { name: 'weather', description: 'tells', inputSchema: { json: { type: 'object' } } } }],
        toolChoice: { any: {} },
      },
    })
  })

  test('streams cut after every few bytes bring the same parts', async () => {
    const { url } = await startModelServer(stream(helloStream, { bytesAtOnce: 7 }))
    const { parts } = await ask(bedrock(url), userSays('hi'))
    expect(parts.map((part) => (part.kind === 'text' ? part.text : ''))).toEqual(['Hello', ' wörld 🌊'])
  })

  test('calls tools in pieces, thinks, and both are told apart', async () => {
    const { url } = await startModelServer(
      stream([
        streamEvent('messageStart', { role: 'assistant' }),
        streamEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } }),
        streamEvent('contentBlockStart', {
          contentBlockIndex: 1,
          start: { toolUse: { toolUseId: 'tooluse_1', name: 'weather' } },
        }),
        streamEvent('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"city":' } } }),
        streamEvent('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '"Bonn"}' } } }),
        streamEvent('contentBlockStop', { contentBlockIndex: 1 }),
        streamEvent('messageStop', { stopReason: 'tool_use' }),
      ]),
    )
    const { parts, answer } = await ask(bedrock(url), withTools)
    expect(parts).toEqual([
      { kind: 'reasoning', text: 'hm', tokens: 1 },
      { kind: 'tool-calls', calls: [{ index: 0, id: 'tooluse_1', name: 'weather', arguments: '' }] },
      { kind: 'tool-calls', calls: [{ index: 0, arguments: '{"city":' }] },
      { kind: 'tool-calls', calls: [{ index: 0, arguments: '"Bonn"}' }] },
    ])
    expect(answer).toMatchObject({ kind: 'end', end: { finishReason: 'tool_calls' } })
  })

  test('an API key is a bearer token', async () => {
    const { url, heard } = await startModelServer(stream(helloStream))
    const backend = { kind: 'bedrock', region: 'us-east-1' }
    await ask(backendOf({ url, credential: 'env:KEY', backend }), userSays('hi'))
    expect(heard[0]?.headers.authorization).toBe('Bearer secret of env:KEY')
  })

  test('without credentials of its own AWS’s chain is asked', async () => {
    for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID: 'FROMENV', AWS_SECRET_ACCESS_KEY: 's' }))
      vi.stubEnv(name, value)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { url, heard } = await startModelServer(stream(helloStream))
    await ask(backendOf({ url, backend: { kind: 'bedrock', region: 'us-east-1' } }), userSays('hi'))
    expect(heard[0]?.headers.authorization).toContain('Credential=FROMENV/')
  })

  test.each([
    ['ThrottlingException', refusal(429, 'ThrottlingException', 'slow down', { 'retry-after': '3' }), 429, null],
    ['ServiceUnavailableException', refusal(503, 'ServiceUnavailableException', 'x'), 503, null],
    ['ModelTimeoutException', refusal(408, 'ModelTimeoutException', 'x'), 500, null],
    ['AccessDeniedException', refusal(403, 'AccessDeniedException', 'no access to the model'), 403, null],
    ['ResourceNotFoundException', refusal(404, 'ResourceNotFoundException', 'x'), 404, null],
    [
      'ValidationException',
      refusal(400, 'ValidationException', 'Input is too long for requested model.'),
      400,
      'context_overflow',
    ],
    ['an exception ahead of any part', stream([streamException('throttlingException', 'slow down')]), 429, null],
  ])('%s is told apart, and asked once', async (_name, answer, status, reason) => {
    const { url, heard } = await startModelServer(answer)
    expect((await ask(bedrock(url), userSays('hi'))).answer).toMatchObject({
      kind: 'trouble',
      trouble: { kind: 'status', status, refusal: reason },
    })
    expect(heard).toHaveLength(1)
  })

  test.each([
    ['an exception on the way', [...helloStream.slice(0, 2), streamException('modelStreamErrorException', 'x')]],
    ['an end without a stop reason', helloStream.slice(0, 3)],
    [
      'a stop reason of no use',
      [...helloStream.slice(0, 3), streamEvent('messageStop', { stopReason: 'malformed_tool_use' })],
    ],
    ['bytes that are no stream', [...helloStream.slice(0, 2), Buffer.from('nonsense that is no event')]],
  ])('%s is never taken for complete', async (_what, pieces) => {
    const { url } = await startModelServer(stream(pieces))
    expect((await ask(bedrock(url), userSays('hi'))).answer).toMatchObject({
      kind: 'trouble',
      trouble: { kind: 'broken' },
    })
  })

  test('loses its connection when the run is cancelled, also while it is silent', async () => {
    const { url, heard } = await startModelServer(stream(helloStream.slice(0, 2), { end: false }))
    const { answer } = await ask(bedrock(url), userSays('hi'), { leaveAt: 'first part' })
    expect(answer.kind).toBe('trouble')
    await waitFor(() => heard[0]?.closed === true, { what: 'closed connection' })
  })

  test('that nobody reaches is unreachable', async () => {
    const { answer } = await ask(bedrock('http://127.0.0.1:1'), userSays('hi'))
    expect(answer).toEqual({ kind: 'trouble', trouble: { kind: 'unreachable' } })
  })
})

describe('a request for Bedrock', () => {
  const chat = (over: object): ModelCall => ({ kind: 'chat', messages: [{ role: 'user', content: 'hi' }], ...over })

  test.each([
    ['seed', chat({ seed: 1 })],
    ['presence_penalty', chat({ presencePenalty: 1 })],
    ['parallel_tool_calls', chat({ parallelToolCalls: false })],
    ['response_format', chat({ responseFormat: { type: 'json_object' } })],
    ['completion', { kind: 'completion', prompt: 'x' }],
    [
      'arguments',
      {
        ...withTools,
        messages: [{ role: 'assistant', content: null, toolCalls: [{ id: 't', name: 'f', arguments: '{' }] }],
      },
    ],
  ] as [string, ModelCall][])('that it cannot be asked is refused by name: %s', (what, call) => {
    expect(converseRequest(call, 'm')).toEqual({ kind: 'unsupported', message: expect.stringContaining(what) })
  })

  test('without tools tells of them in words', () => {
    const converse = converseRequest({ ...withTools, toolChoice: 'none' }, 'm')
    expect(converse).toMatchObject({
      kind: 'request',
      request: { messages: [{}, { content: [{}, { text: 'Tool call t2: weather {"city":"Kiel"}' }] }, {}] },
    })
    expect(JSON.stringify(converse)).not.toMatch(/toolConfig|toolUse|toolResult/)
  })

  test('carries images as bytes and a schema for the answer', () => {
    const converse = converseRequest(
      chat({
        messages: [{ role: 'user', content: [{ type: 'image', dataUrl: 'data:image/png;base64,QUJD' }] }],
        responseFormat: { type: 'json_schema', name: 'answer', schema: { type: 'object' } },
      }),
      'm',
    )
    expect(converse).toMatchObject({
      request: {
        messages: [{ content: [{ image: { format: 'png', source: { bytes: Buffer.from('ABC') } } }] }],
        outputConfig: { textFormat: { structure: { jsonSchema: { name: 'answer', schema: '{"type":"object"}' } } } },
      },
    })
  })
})
