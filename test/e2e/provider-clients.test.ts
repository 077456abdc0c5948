import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { createGitLab } from '@gitlab/gitlab-ai-provider'
import { expectedText } from '@penstock/vllm-sim'
import { generateText, isStepCount, jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

// The provider speaks an older form of the package's interface, and the package says so each time.
globalThis.AI_SDK_LOG_WARNINGS = false

const purpose = 'ai_gateway_model_provider_proxy'

let stack: TestStack
let access: { token: string; headers: Record<string, string> }
let gitlab: AsyncDisposable & { url: string; asked: string[] }

beforeAll(async () => {
  stack = await startTestStack({ nodes: 1, workers: 1, routers: 1, nodeEnv: { VLLM_SIM_ITL_MS: '2' } })
  access = {
    token: await stack.token([purpose]),
    headers: {
      'x-gitlab-authentication-type': 'oidc',
      'x-gitlab-instance-id': stack.instanceId,
      'x-gitlab-realm': 'self-managed',
      'x-gitlab-unit-primitive': purpose,
    },
  }
  gitlab = await startGitLab()
})
afterAll(async () => {
  await gitlab[Symbol.asyncDispose]()
  await stack[Symbol.asyncDispose]()
})

/** The one call that clients make at a GitLab of their own: a token for the gateway, with the headers to send along. */
const startGitLab = async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume()
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(access))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const abortedByClient = async (): Promise<number> => {
  const totals = await Promise.all(
    stack.nodes.map(
      async ({ adminUrl }) => (await fetch(`${adminUrl}/totals`)).json() as Promise<Record<string, number>>,
    ),
  )
  return totals.reduce((sum, total) => sum + (total['abortedByClient'] ?? 0), 0)
}

const readFileTool = (read: string[]) =>
  tool({
    description: 'Reads a file',
    inputSchema: jsonSchema<{ path: string }>({
      type: 'object',
      properties: { path: { type: 'string' } },
      required: ['path'],
    }),
    execute: async ({ path }) => {
      read.push(path)
      return `content of ${path}`
    },
  })

describe("GitLab's own provider for the ai package", () => {
  const model = (id: string) =>
    createGitLab({ apiKey: 'glpat-test', instanceUrl: gitlab.url, aiGatewayUrl: stack.apiUrl }).agenticChat(id, {
      maxTokens: 200,
    })

  it.each(['duo-chat-sonnet-4-6', 'duo-chat-gpt-5-1', 'duo-chat-gpt-5-codex'])(
    '%s calls a tool of ours, and answers with its result',
    async (id) => {
      const read: string[] = []
      const { text, steps } = await generateText({
        model: model(id),
        system: 'Use your tools.',
        prompt: 'What is in main.ts?',
        tools: { read_file: readFileTool(read) },
        stopWhen: isStepCount(3),
      })
      expect(read).toHaveLength(1)
      expect(steps.map(({ finishReason }) => finishReason)[0]).toBe('tool-calls')
      expect(text).not.toBe('')
      expect(gitlab.asked.at(-1)).toBe('POST /api/v4/ai/third_party_agents/direct_access')
    },
  )

  it.each(['duo-chat-haiku-4-5', 'duo-chat-gpt-5-mini', 'duo-chat-gpt-5-2-codex'])(
    '%s streams a chat, tool call and all',
    async (id) => {
      const read: string[] = []
      const answer = streamText({
        model: model(id),
        prompt: 'What is in main.ts?',
        tools: { read_file: readFileTool(read) },
        stopWhen: isStepCount(3),
      })
      let text = ''
      for await (const piece of answer.textStream) text += piece
      expect(read).toHaveLength(1)
      expect(text).not.toBe('')
      expect((await answer.usage).outputTokens).toBeGreaterThan(0)
    },
  )
})

describe('the anthropic package', () => {
  const client = () =>
    new Anthropic({
      apiKey: null,
      authToken: access.token,
      baseURL: `${stack.apiUrl}/v1/proxy/anthropic`,
      defaultHeaders: access.headers,
      maxRetries: 0,
    })
  const question = {
    model: 'claude-sonnet-4-6',
    max_tokens: 120,
    messages: [{ role: 'user' as const, content: 'Why is water blue?' }],
  }
  const oracle = (request: object) => expectedText({ model: testModel.servedName, request })

  it('streams a message, byte for byte what the node says', async () => {
    const message = await client().messages.stream(question).finalMessage()
    const expected = oracle({ model: testModel.name, messages: question.messages, max_tokens: 120 })
    expect(message.content).toMatchObject([{ type: 'text', text: expected }])
    expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 120 } })
  })

  it('streams a tool call, and a message after its result', async () => {
    const tools = [
      {
        name: 'read_file',
        input_schema: { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] },
      },
    ]
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'What is in main.ts?' }]
    const called = await client()
      .messages.stream({ ...question, messages, tools })
      .finalMessage()
    expect(called.stop_reason).toBe('tool_use')
    const call = called.content.find((block) => block.type === 'tool_use')
    expect(call).toMatchObject({ name: 'read_file', input: { path: expect.any(String) } })
    const next = await client().messages.create({
      ...question,
      tools,
      messages: [
        ...messages,
        { role: 'assistant', content: called.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'console.log(1)' }] },
      ],
    })
    expect(next.content[0]).toMatchObject({ type: 'text' })
  })

  it('lets the model go on with what the client began', async () => {
    const begun: Anthropic.MessageParam[] = [...question.messages, { role: 'assistant', content: 'Because' }]
    const message = await client().messages.create({ ...question, max_tokens: 20, messages: begun })
    expect(message.content[0]).toMatchObject({ type: 'text' })
  })

  it('stops the node when it leaves', async () => {
    const before = await abortedByClient()
    const stream = client().messages.stream({ ...question, max_tokens: 3000 })
    stream.on('text', () => stream.abort())
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError)
    await expect.poll(abortedByClient, { timeout: 5000, interval: 20 }).toBe(before + 1)
  })

  it('hears what is wrong in the errors it knows', async () => {
    await expect(client().messages.create({ ...question, max_tokens: 0 })).rejects.toBeInstanceOf(
      Anthropic.BadRequestError,
    )
    const stranger = client().withOptions({ authToken: 'wrong' })
    await expect(stranger.messages.create(question)).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  })
})

describe('the openai package at the proxy', () => {
  it('streams a chat, byte for byte what the node says, and its usage', async () => {
    const client = new OpenAI({
      apiKey: access.token,
      baseURL: `${stack.apiUrl}/v1/proxy/openai/v1`,
      defaultHeaders: access.headers,
      maxRetries: 0,
    })
    const request = {
      model: 'gpt-5.1',
      messages: [{ role: 'user' as const, content: 'Why is water blue?' }],
      max_tokens: 60,
    }
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let tokens: number | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      tokens = chunk.usage?.completion_tokens ?? tokens
    }
    expect(text).toBe(expectedText({ model: testModel.servedName, request: { ...request, model: testModel.name } }))
    expect(tokens).toBe(60)
  })
})
