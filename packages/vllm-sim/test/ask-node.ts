import { expect, onTestFinished } from 'vitest'
import { startSimulatedNode } from '../src/index.ts'
import type { SimulatedNode, SimulatedNodeOptions } from '../src/index.ts'

export interface Chunk {
  id: string
  object: string
  model: string
  prompt_token_ids?: number[]
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
  choices: ChunkChoice[]
}

export interface ChunkChoice {
  index: number
  text?: string
  delta?: {
    role?: string
    content?: string
    reasoning?: string
    reasoning_content?: string
    tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[]
  }
  logprobs: { text_offset: number[]; content: object[] } | null
  finish_reason: string | null
  stop_reason: string | null
  token_ids?: number[]
  prompt_token_ids?: number[]
}

export const post = (node: SimulatedNode, path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(node.origin + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
    headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
  })

/** The events of a stream in order, the last one as it stands. */
export const events = async (response: Response): Promise<{ chunks: Chunk[]; last: string }> => {
  const datas = (await response.text())
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''))
  const last = datas.pop() ?? ''
  return { chunks: datas.map((data) => JSON.parse(data) as Chunk), last }
}

export const textOf = (chunks: readonly Chunk[]): string =>
  chunks.map(({ choices: [choice] }) => choice?.text ?? choice?.delta?.content ?? '').join('')

/** A node for one test. */
export const started = async (options: SimulatedNodeOptions = {}): Promise<SimulatedNode> => {
  const node = await startSimulatedNode({ ttftMs: 1, itlMs: 0, ...options })
  onTestFinished(() => node.stop())
  return node
}

export interface Whole {
  id: string
  model: string
  system_fingerprint: string | null
  prompt_logprobs: (object | null)[] | null
  usage: Record<string, unknown>
  choices: {
    index: number
    text: string
    message: Record<string, unknown> & {
      content: string | null
      tool_calls?: { id: string; function: { name: string; arguments: string } }[]
    }
    logprobs: Record<string, unknown[]>
    prompt_logprobs: (object | null)[] | null
    finish_reason: string
    token_ids: number[]
  }[]
}

/** The answer to a request that is not streamed. */
export const whole = async (node: SimulatedNode, path: string, body: object): Promise<Whole> => {
  const response = await post(node, path, body)
  expect(response.status).toBe(200)
  return (await response.json()) as Whole
}

export const chat = '/v1/chat/completions'
export const completion = '/v1/completions'
export const choiceText = (choices: readonly ChunkChoice[]): string =>
  choices.map((one) => one.text ?? one.delta?.content ?? '').join('')

/** The parts of one choice, in order. */
export const choiceOf = (chunks: readonly Chunk[], index: number): ChunkChoice[] =>
  chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))

/** Waits until something holds; fails after ten seconds. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const giveUpAt = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`never came true: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
