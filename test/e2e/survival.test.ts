import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyArchive } from '@penstock/audit-chain'
import { expectedAnswer, expectedText } from '@penstock/vllm-sim'
import { chatQuestion } from '../stack/chat-question.ts'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ nodes: 2, workers: 2, routers: 2, nodeEnv: { VLLM_SIM_ITL_MS: '15' } })
})
afterAll(() => stack[Symbol.asyncDispose]())

let asked = 0

/** Streams answers of about 4 s; `afterFirst` runs once every stream has begun. Gives what each client read. */
const streamAll = async (
  count: number,
  afterFirst: () => Promise<void> | void,
): Promise<{ got: string; expected: string }[]> => {
  const begun: Promise<void>[] = []
  const answers = Array.from({ length: count }, async () => {
    const question = chatQuestion({
      ...testModel,
      model: testModel.name,
      id: `survival ${asked++}`,
      promptBytes: 600,
      maxTokens: 260,
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    begun.push(promise)
    const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.openAiKey}`, 'content-type': 'application/json' },
      body: new Uint8Array(question.body),
    })
    expect(response.status).toBe(200)
    let raw = ''
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) {
      raw += decoder.decode(bytes, { stream: true })
      if (raw.includes('"content":"')) resolve()
    }
    const events = raw
      .split('\n\n')
      .flatMap((event) =>
        event.startsWith('data: {')
          ? [JSON.parse(event.slice(6)) as { choices: { delta?: { content?: string } }[] }]
          : [],
      )
    expect(raw.endsWith('data: [DONE]\n\n')).toBe(true)
    return {
      got: events.map(({ choices }) => choices[0]?.delta?.content ?? '').join(''),
      expected: question.expected.toString(),
    }
  })
  await Promise.all(begun)
  await afterFirst()
  return Promise.all(answers)
}

const expectExact = (answers: { got: string; expected: string }[]): void => {
  for (const { got, expected } of answers) expect(got).toBe(expected)
}

describe('a client reads every byte once and in order', () => {
  it('when a worker is killed', async () => {
    expectExact(
      await streamAll(6, async () => {
        const { readyCount } = stack.stack.process('worker-1')
        stack.stack.kill('worker-1', 'SIGKILL')
        await stack.stack.waitReady('worker-1', readyCount)
      }),
    )
  })

  it('when a worker is asked to stop', async () => {
    expectExact(
      await streamAll(6, async () => {
        const { readyCount } = stack.stack.process('worker-2')
        stack.stack.kill('worker-2', 'SIGTERM')
        await stack.stack.waitReady('worker-2', readyCount)
      }),
    )
  })

  it('when a worker freezes for 6 s', async () => {
    const { pid } = stack.stack.process('worker-1')
    if (pid === null) throw new Error('worker-1 does not run')
    const thawed = Promise.withResolvers<void>()
    expectExact(
      await streamAll(6, () => {
        process.kill(pid, 'SIGSTOP')
        setTimeout(() => {
          process.kill(pid, 'SIGCONT')
          thawed.resolve()
        }, 6000)
      }),
    )
    await thawed.promise
  })

  it('when NATS is killed and comes back', async () => {
    expectExact(await streamAll(6, () => stack.stack.kill('nats', 'SIGKILL')))
  })

  it('when Redis freezes, asked before and meanwhile', async () => {
    const meanwhile = async (): Promise<void> => {
      stack.stack.kill('redis', 'SIGSTOP')
      try {
        expectExact(await streamAll(4, () => undefined))
      } finally {
        stack.stack.kill('redis', 'SIGCONT')
      }
    }
    expectExact(await streamAll(2, meanwhile))
  })

  it('when Redis is killed and comes back empty, and the configuration returns to it', async () => {
    expectExact(await streamAll(4, () => stack.stack.kill('redis', 'SIGKILL')))
    await expect.poll(async () => (await streamAll(1, () => undefined)).length, { timeout: 10_000 }).toBe(1)
  })

  it('when a node dies', async () => {
    expectExact(
      await streamAll(6, async () => {
        const { readyCount } = stack.stack.process('node-1')
        stack.stack.kill('node-1', 'SIGKILL')
        await stack.stack.waitReady('node-1', readyCount)
      }),
    )
  })

  it('when a node breaks off in the middle of a tool call that goes out in one piece', async () => {
    // The other one was killed before, and gets work only where nobody else can do it.
    const node = stack.nodes.at(-1)
    await fetch(`${node?.adminUrl}/fault`, {
      method: 'POST',
      body: JSON.stringify({ kind: 'reset_mid_stream', afterTokens: 4 }),
    })
    const parameters = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }
    const tools = [{ type: 'function', function: { name: 'read_file', parameters } }]
    const answers = Array.from({ length: 6 }, async () => {
      const messages = [{ role: 'user', content: `survival ${asked++}` }]
      const request = { model: testModel.name, messages, tools, tool_choice: 'required', max_tokens: 100 }
      const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.openAiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(request),
      })
      expect(response.status).toBe(200)
      const { choices } = (await response.json()) as {
        choices: { message: { tool_calls: { function: { name: string; arguments: string } }[] } }[]
      }
      const expected = expectedAnswer({ model: testModel.servedName, request }).toolCall
      expect(choices[0]?.message.tool_calls.map((call) => call.function)).toEqual([
        { name: expected?.name, arguments: expected?.arguments },
      ])
    })
    await Promise.all(answers)
    const records = (await (await fetch(`${node?.adminUrl}/requests`)).json()) as { outcome: string }[]
    expect(records.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
  })

  it('when a node dies while its model thinks, and the thought is not shown', async () => {
    const reasoningTokens = 150
    for (const { adminUrl } of stack.nodes)
      await fetch(`${adminUrl}/settings`, { method: 'POST', body: JSON.stringify({ reasoningTokens }) })
    const request = {
      model: testModel.name,
      messages: [{ role: 'user', content: `survival ${asked++}` }],
      max_tokens: reasoningTokens + 50,
    }
    const response = await fetch(`${stack.apiUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': stack.openAiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ ...request, stream: true }),
    })
    expect(response.status).toBe(200)
    // The answer has begun: a node is at it.
    const thinking = await Promise.all(
      stack.nodes.map(async ({ name, adminUrl }) => {
        const records = (await (await fetch(`${adminUrl}/requests`)).json()) as { outcome: string; tokens: number }[]
        return records.some(({ outcome, tokens }) => outcome === 'running' && tokens > 0) ? [name] : []
      }),
    )
    const [node, ...others] = thinking.flat()
    expect([node === undefined, others]).toEqual([false, []])
    stack.stack.kill(node as string, 'SIGKILL')
    const events = (await response.text())
      .split('\n')
      .flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as { type: string }] : []))
    const deltas = events as { type: string; delta?: { type?: string; text?: string } }[]
    expect(deltas.at(-1)?.type).toBe('message_stop')
    expect(deltas.filter(({ delta }) => delta?.type === 'thinking_delta')).toEqual([])
    expect(deltas.map(({ delta }) => delta?.text ?? '').join('')).toBe(
      expectedText({ model: testModel.servedName, request, rules: { reasoningTokens } }),
    )
  })

  it('and the audit log has one start and one end of each, unaltered', async () => {
    await expect
      .poll(async () => (await verifyArchive({ dir: stack.archiveDir })).requests.accepted, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(asked)
    const report = await verifyArchive({ dir: stack.archiveDir })
    expect(report.problems).toEqual([])
    expect(report.ok).toBe(true)
  })
})
