import { continuation } from '@penstock/models'
import type { ModelCall } from '@penstock/models'
import { expectedText, startSimulatedNode } from '@penstock/vllm-sim'
import { expect, onTestFinished, test } from 'vitest'
import { ask, backendOf } from './model-server.fixture.ts'

const servedName = 'penstock-sim'
const maxTokens = 40
/** No stop string of these ends the answer, but most of its words begin one. */
const stop = [' the first of them', '.\n\n\n', ' and so on']

test.each<ModelCall>([
  { kind: 'completion', prompt: 'def gate(', maxTokens, stop },
  { kind: 'chat', messages: [{ role: 'user', content: 'What does a gate do?' }], maxTokens, stop },
])('a $kind with stop strings that breaks off after any token is continued to the same bytes', async (call) => {
  const node = await startSimulatedNode({ models: [servedName], ttftMs: 0, itlMs: 0 })
  onTestFinished(() => node[Symbol.asyncDispose]())
  const backend = backendOf({ url: node.url, backend: { kind: 'vllm' } })
  const { kind, ...request } = call
  const expected = expectedText({ model: servedName, request: { ...request, max_tokens: maxTokens } })
  const wholes: string[] = []
  for (let afterTokens = 1; afterTokens < maxTokens; afterTokens++) {
    node.injectFault({ kind: 'reset_mid_stream', afterTokens })
    const begun = textOf((await ask(backend, call, { servedName })).parts)
    const rest = continuation(call, begun)
    if (rest.kind === 'complete') throw new Error(`${kind}: nothing is left after ${begun.tokens} tokens`)
    const ended = await ask(backend, rest.call, { servedName })
    expect(ended.answer).toMatchObject({ kind: 'end', end: { finishReason: 'length' } })
    wholes.push(begun.text + textOf(ended.parts).text)
  }
  expect(new Set(wholes)).toEqual(new Set([expected]))
})

const textOf = (parts: Awaited<ReturnType<typeof ask>>['parts']): { text: string; tokens: number } =>
  parts.reduce(
    (said, part) => (part.kind === 'text' ? { text: said.text + part.text, tokens: said.tokens + part.tokens } : said),
    { text: '', tokens: 0 },
  )
