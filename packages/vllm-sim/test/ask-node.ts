import type { SimulatedNode } from '../src/index.ts'

export interface Chunk {
  id: string
  object: string
  model: string
  prompt_token_ids?: number[]
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
  choices: {
    text?: string
    delta?: {
      role?: string
      content?: string
      tool_calls?: { id?: string; function: { name?: string; arguments: string } }[]
    }
    finish_reason: string | null
    stop_reason: string | null
    token_ids?: number[]
    prompt_token_ids?: number[]
  }[]
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

/** Waits until something holds; fails after two seconds. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const giveUpAt = performance.now() + 2000
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`never came true: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
