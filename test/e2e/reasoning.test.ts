import type { ConfigDocumentInput } from '@penstock/config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startScriptedNode } from '../conformance/scripted-node.ts'
import type { ScriptedNode } from '../conformance/scripted-node.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

/** What a model server is told about reasoning, from the configuration of its model to the body it gets. */

const reply = {
  status: 200,
  sse_data: [
    { id: 'a', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'A title' } }] },
    { id: 'a', object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    '[DONE]',
  ],
}

const model = (name: string, over: object): ConfigDocumentInput['models'][number] => ({
  name,
  family: 'general',
  servedName: name,
  pool: 'scripted',
  contextTokens: 32_000,
  ...over,
})
const models = [
  model('effort', { reasoning: 'effort' }),
  model('switch', { reasoning: 'switch' }),
  model('always', { reasoning: 'always' }),
  model('plain', {}),
  model('by-name', { servedName: 'openai/gpt-oss-20b' }),
  model('denied', { servedName: 'openai/gpt-oss-120b', reasoning: 'none' }),
]

let node: ScriptedNode
let stack: TestStack
beforeAll(async () => {
  const servedNames = models.map(({ servedName }) => servedName)
  node = await startScriptedNode('http://vllm.example.test/v1', servedNames)
  node.script(reply)
  stack = await startTestStack({
    nodes: 1,
    workers: 1,
    routers: 1,
    configure: (document) => ({
      ...document,
      nodes: [...document.nodes, { name: 'scripted', url: node.url }],
      pools: [...document.pools, { name: 'scripted', nodes: ['scripted'] }],
      models: [...document.models, ...models],
      routing: models.map(({ name }) => ({ identifier: `custom_openai/${name}`, model: name })),
    }),
  })
})
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await node[Symbol.asyncDispose]()
})

/** The body of the call that a prompt of GitLab's led to. */
const calledWith = async (prompt: string, inputs: object, scope: string, name: string): Promise<object> => {
  node.script(reply)
  const response = await fetch(`${stack.apiUrl}/v1/prompts/${prompt}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await stack.token([scope])}`,
      'x-gitlab-authentication-type': 'oidc',
      'x-gitlab-instance-id': stack.instanceId,
      'x-gitlab-realm': 'self-managed',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      inputs,
      stream: false,
      model_metadata: { provider: 'openai', name: 'general', identifier: `custom_openai/${name}` },
    }),
  })
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
  expect(node.calls).toHaveLength(1)
  return node.calls[0]?.body as object
}

const lowEffort = { reasoning_effort: 'low' }
const noThinking = { chat_template_kwargs: { enable_thinking: false } }

test.each([
  ['effort', { ...lowEffort, max_tokens: 40 + 1024 }],
  ['switch', { ...noThinking, max_tokens: 40 }],
  ['always', { max_tokens: 40 + 2048 }],
  ['plain', { max_tokens: 40 }],
  ['by-name', { ...lowEffort, max_tokens: 40 + 1024 }],
  ['denied', { max_tokens: 40 }],
])('for a short answer a model of the kind %s is asked with %j', async (name, told) => {
  const inputs = { context: 'A login fails', definition: 'chat' }
  const body = await calledWith('generate_session_title', inputs, 'duo_agent_platform', name)
  expect(body).toMatchObject(told)
  const fields = ['reasoning_effort', 'chat_template_kwargs']
  const among = (object: object): string[] => fields.filter((field) => Object.hasOwn(object, field))
  expect(among(body)).toEqual(among(told))
})

test('for a long answer a model thinks as it likes', async () => {
  for (const { name } of models) {
    const body = await calledWith('generate_commit_message', { diff: '+ login' }, 'generate_commit_message', name)
    expect(body).not.toHaveProperty('reasoning_effort')
    expect(body).not.toHaveProperty('chat_template_kwargs')
  }
})
