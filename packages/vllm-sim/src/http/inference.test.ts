import { expect, test } from 'vitest'
import { chat, choiceOf, choiceText, completion, events, post, started, whole } from '../../test/ask-node.ts'
import { decodeTokens, expectedAnswers, expectedText } from '../index.ts'

const model = 'penstock-sim'
const messages = [{ role: 'user', content: 'How does a sluice work?' }]

test('prompts and samples give one choice each, prompt by prompt, streamed or whole', async () => {
  const node = await started()
  const request = { prompt: ['One', 'A tall stone'], n: 2, max_tokens: 9 }
  const expected = expectedAnswers({ model, request }).map((answer) => answer.text)
  expect(new Set(expected).size).toBe(4)
  const body = await whole(node, completion, request)
  expect(body.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
  expect(body.choices.map((choice) => choice.text)).toEqual(expected)
  expect(body.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 36, total_tokens: 40 })

  const options = { include_usage: true, continuous_usage_stats: true }
  const { chunks, last } = await events(
    await post(node, completion, { ...request, stream: true, stream_options: options }),
  )
  expect(last).toBe('[DONE]')
  expect(chunks.every(({ choices }) => choices.length <= 1)).toBe(true)
  for (const [index, answer] of expected.entries()) {
    const parts = choiceOf(chunks, index)
    expect(choiceText(parts)).toBe(answer)
    expect(parts.filter((part) => part.finish_reason !== null).length).toBe(1)
  }
  expect(chunks.filter(({ choices }) => choices.length === 0).map(({ usage }) => usage)).toEqual([
    { prompt_tokens: 4, completion_tokens: 36, total_tokens: 40 },
  ])
  expect(node.requests()[0]).toMatchObject({ choices: 4, tokens: 36, promptTokens: 4 })
})

test('a client that leaves takes all answers of its request along', async () => {
  const node = await started({ itlMs: 2 })
  const leaving = new AbortController()
  const response = await post(
    node,
    completion,
    { prompt: ['a', 'b'], n: 2, max_tokens: 5000, stream: true },
    { signal: leaving.signal },
  )
  await response.body?.getReader().read()
  leaving.abort()
  await expect.poll(() => node.totals()).toMatchObject({ abortedByClient: 1, running: 0 })
  expect(node.requests()[0]?.sequences.map(({ outcome }) => outcome)).toEqual(Array(4).fill('aborted'))
})

test('echo puts the prompt before the answer, alone when no token is asked for', async () => {
  const node = await started()
  const request = { prompt: 'The old weir', echo: true, max_tokens: 3, logprobs: 1 }
  const body = await whole(node, completion, request)
  const answer = expectedText({ model, request: { prompt: request.prompt }, tokens: 3 })
  expect(body.choices[0]?.text).toBe(request.prompt + answer)
  const logprobs: Record<string, unknown[]> = body.choices[0]?.logprobs ?? {}
  expect(logprobs['tokens']?.join('')).toBe(request.prompt + answer)
  expect(logprobs['token_logprobs']?.[0]).toBeNull()
  expect(logprobs['text_offset']?.slice(0, 3)).toEqual([0, 3, 7])

  const { chunks } = await events(await post(node, completion, { ...request, stream: true }))
  expect(choiceText(choiceOf(chunks, 0))).toBe(request.prompt + answer)
  expect(chunks[0]?.choices[0]?.text?.startsWith(request.prompt)).toBe(true)
  expect(chunks.flatMap(({ choices: [choice] }) => choice?.logprobs?.text_offset)).toEqual(logprobs['text_offset'])

  const only = await whole(node, completion, { ...request, max_tokens: 0 })
  expect(only.choices[0]).toMatchObject({ text: request.prompt, finish_reason: 'length' })
})

test('log probabilities of a chat name every token, its bytes and the alternatives', async () => {
  const node = await started()
  const request = { messages, max_tokens: 6, logprobs: true, top_logprobs: 3 }
  const body = await whole(node, chat, request)
  const content = body.choices[0]?.logprobs['content'] as {
    token: string
    logprob: number
    bytes: number[]
    top_logprobs: { token: string; logprob: number }[]
  }[]
  expect(content.map(({ token }) => token).join('')).toBe(body.choices[0]?.message.content)
  for (const { token, logprob, bytes, top_logprobs: top } of content) {
    expect(Buffer.from(bytes).toString()).toBe(token)
    expect(logprob).toBeLessThan(0)
    expect(top[0]).toMatchObject({ token, logprob })
    expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).toSorted((a, b) => b - a))
    expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1)
  }
  const { chunks } = await events(await post(node, chat, { ...request, stream: true }))
  expect(chunks.flatMap(({ choices: [choice] }) => choice?.logprobs?.content ?? [])).toEqual(content)
  const ids = await whole(node, chat, { ...request, return_token_ids: true, return_tokens_as_token_ids: true })
  const labels = ids.choices[0]?.logprobs['content']?.map((one) => (one as { token: string }).token)
  expect(labels).toEqual(ids.choices[0]?.token_ids?.map((id) => `token_id:${id}`))
})

test('log probabilities of a completion have the legacy shape, and of a prompt start with null', async () => {
  const node = await started()
  const { choices } = await whole(node, completion, {
    prompt: 'One two three',
    max_tokens: 4,
    logprobs: 2,
    prompt_logprobs: 1,
  })
  const {
    tokens,
    token_logprobs: values,
    top_logprobs: top,
    text_offset: offsets,
  }: Record<string, unknown[]> = choices[0]?.logprobs ?? {}
  expect(tokens?.join('')).toBe(choices[0]?.text)
  expect([values, top, offsets].map((list) => list?.length)).toEqual([4, 4, 4])
  expect(choices[0]?.prompt_logprobs).toEqual([null, expect.any(Object), expect.any(Object)])
})

test('several tokens go into one chunk after the first, and nothing is lost', async () => {
  const node = await started({ streamInterval: 4 })
  const request = { prompt: 'Tell', max_tokens: 10, stream: true, return_token_ids: true }
  const { chunks } = await events(await post(node, completion, request))
  const parts = choiceOf(chunks, 0)
  expect(parts.map((part) => part.token_ids?.length)).toEqual([1, 4, 4, 1])
  expect(choiceText(parts)).toBe(expectedText({ model, request }))
  expect(decodeTokens(parts.flatMap((part) => part.token_ids ?? []))).toEqual({ kind: 'text', text: choiceText(parts) })
})

test('usage shows the cache and comes unasked when the node says so', async () => {
  const node = await started({ promptTokensDetails: true, forceIncludeUsage: true, requestIdHeaders: true })
  const response = await post(
    node,
    chat,
    { messages, max_tokens: 2, stream: true },
    { headers: { 'x-request-id': 'r.1' } },
  )
  expect(response.headers.get('x-request-id')).toBe('r.1')
  const { chunks } = await events(response)
  expect(chunks.every(({ usage }) => usage !== undefined)).toBe(true)
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { completion_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } },
  })
})

test('the load stands in a header of whole answers when it is asked for', async () => {
  const node = await started()
  const ask = async (format: string, stream: boolean): Promise<string | null> =>
    (
      await post(
        node,
        chat,
        { messages, max_tokens: 1, stream },
        { headers: { 'endpoint-load-metrics-format': format } },
      )
    ).headers.get('endpoint-load-metrics')
  expect(await ask('JSON', false)).toMatch(/^JSON \{.*"num_requests_waiting":0/)
  expect(await ask('TEXT', false)).toContain('named_metrics.kv_cache_usage_perc=')
  expect(await ask('JSON', true)).toBeNull()
})

test('over the admission limits a request is refused with 503 before any byte, in the release that has them', async () => {
  const node = await started({ profile: 'v0.32', queuedRequestsMax: 2, itlMs: 2 })
  const leaving = new AbortController()
  const held = await post(node, chat, { messages, max_tokens: 5000, stream: true }, { signal: leaving.signal })
  expect((await post(node, completion, { prompt: 'x', n: 2 })).status).toBe(503)
  expect((await post(node, completion, { prompt: 'x' })).status).toBe(200)
  node.configure({ profile: 'v0.24' })
  expect((await post(node, completion, { prompt: 'x', n: 2 })).status).toBe(200)
  node.configure({ profile: 'v0.32', queuedRequestsMax: null, queuedTokensMax: 20 })
  expect((await post(node, completion, { prompt: 'word '.repeat(30) })).status).toBe(503)
  leaving.abort()
  await held.body?.cancel().catch(() => undefined)
})

test('old releases have flat error bodies', async () => {
  const node = await started({ profile: 'v0.10' })
  const response = await post(node, completion, { prompt: 'x', n: 0 })
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({
    object: 'error',
    message: expect.any(String),
    type: 'BadRequestError',
    param: 'n',
    code: 400,
  })
  expect(await (await fetch(`${node.origin}/version`)).json()).toEqual({ version: '0.10.0' })
})

test('an adapter is a model of its own: listed, named in answers, and with its own text', async () => {
  const node = await started({ loraAdapters: [{ name: 'sql', path: '/adapters/sql' }] })
  const { data } = (await (await fetch(`${node.url}/models`)).json()) as { data: object[] }
  expect(data[1]).toMatchObject({ id: 'sql', parent: model, root: '/adapters/sql', max_model_len: null })
  const body = await whole(node, completion, { model: 'sql', prompt: 'x' })
  expect(body).toMatchObject({ model: 'sql', system_fingerprint: expect.stringMatching(/^vllm-0\.24\.0-[0-9a-f]{8}$/) })
  expect(body.choices[0]?.text).toBe(expectedText({ model: 'sql', request: { prompt: 'x' } }))
})
