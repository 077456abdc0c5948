import { expectedAnswer, expectedText } from '@penstock/vllm-sim'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

let stack: TestStack
let client: OpenAI

beforeAll(async () => {
  stack = await startTestStack({ nodes: 2, workers: 2, routers: 1 })
  client = new OpenAI({ baseURL: `${stack.apiUrl}/v1`, apiKey: stack.openAiKey, maxRetries: 0 })
})
afterAll(() => stack[Symbol.asyncDispose]())

const oracle = (request: object) => expectedText({ model: testModel.servedName, request })

describe('the openai package, which nobody here wrote', () => {
  it('streams a chat, byte for byte what the node says', async () => {
    const request = {
      model: testModel.name,
      messages: [{ role: 'user' as const, content: 'Why is water blue?' }],
      max_tokens: 120,
    }
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(oracle(request))
    expect(usage?.completion_tokens).toBe(120)
  })

  it('gets the same chat in one piece', async () => {
    const request = {
      model: testModel.name,
      messages: [{ role: 'user' as const, content: 'Why is water blue?' }],
      max_tokens: 40,
    }
    const answer = await client.chat.completions.create(request)
    expect(answer.choices[0]?.message.content).toBe(oracle(request))
    expect(answer.choices[0]?.finish_reason).toBe('length')
  })

  it('streams a completion', async () => {
    const request = { model: testModel.name, prompt: 'def mean(values):\n', max_tokens: 60 }
    let text = ''
    for await (const chunk of await client.completions.create({ ...request, stream: true }))
      text += chunk.choices[0]?.text ?? ''
    expect(text).toBe(oracle(request))
  })

  it('gets a streamed tool call and continues with its result', async () => {
    const tools: OpenAI.ChatCompletionTool[] = [
      {
        type: 'function',
        function: {
          name: 'read_file',
          parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
        },
      },
    ]
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is in main.ts?' }]
    const expected = expectedAnswer({
      model: testModel.servedName,
      request: { model: testModel.name, messages, tools, max_tokens: 200 },
    }).toolCall
    const message = await client.chat.completions
      .stream({ model: testModel.name, messages, tools, max_tokens: 200 })
      .finalMessage()
    const call = message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('no tool call came')
    expect(call.function).toMatchObject({ name: 'read_file', arguments: expected?.arguments })
    expect(JSON.parse(call.function.arguments)).toHaveProperty('path')
    const next = await client.chat.completions.create({
      model: testModel.name,
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: 'console.log(1)' }],
      tools,
      max_tokens: 20,
    })
    expect(next.choices[0]?.message.content).toBeTruthy()
  })

  it('lists the models, and a model it can ask for', async () => {
    const listed = []
    for await (const model of client.models.list()) listed.push(model.id)
    expect(listed).toEqual([testModel.name])
  })

  it('hears what is wrong in the errors it knows', async () => {
    const chat = (over: object) =>
      client.chat.completions.create({
        model: testModel.name,
        messages: [{ role: 'user', content: 'x' }],
        max_tokens: 5,
        ...over,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming)
    await expect(chat({ model: 'no-such-model' })).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
    await expect(chat({ n: 3 })).rejects.toMatchObject({ status: 400, param: 'n' })
    await expect(chat({ temprature: 1 })).rejects.toMatchObject({ status: 400, param: 'temprature' })
    await expect(chat({ messages: [] })).rejects.toMatchObject({ status: 400 })
    const stranger = new OpenAI({ baseURL: `${stack.apiUrl}/v1`, apiKey: 'sk-wrong', maxRetries: 0 })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401 })
  })

  it('stops the node when it leaves', async () => {
    const controller = new AbortController()
    const stream = await client.chat.completions.create(
      {
        model: testModel.name,
        messages: [{ role: 'user', content: 'go on for long' }],
        max_tokens: 3000,
        stream: true,
      },
      { signal: controller.signal },
    )
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    controller.abort()
    const abortedByClient = async (): Promise<number> => {
      const totals = await Promise.all(
        stack.nodes.map(
          async ({ adminUrl }) => (await fetch(`${adminUrl}/totals`)).json() as Promise<Record<string, number>>,
        ),
      )
      return totals.reduce((sum, total) => sum + (total['abortedByClient'] ?? 0), 0)
    }
    await expect.poll(abortedByClient, { timeout: 2000, interval: 20 }).toBe(1)
  })
})
