import { expectedText } from '@penstock/vllm-sim'

/** A chat request and the only right answer to it. */
export interface ChatQuestion {
  /** JSON of the request. */
  readonly body: Buffer
  /** Every byte the answer must have, in UTF-8. */
  readonly expected: Buffer
}

export interface ChatQuestionOptions {
  /** Name the client asks for. */
  readonly model: string
  /** First served name of the nodes: it seeds their text. */
  readonly servedName: string
  /** Begins the prompt, so that no two questions share an answer or a cached prefix. */
  readonly id: string
  /** Length of the user's message, bytes. */
  readonly promptBytes: number
  readonly maxTokens: number
}

/** Source code as a code assistant sends it, cut to length. */
const filler = 'export const settle = (jobs: Job[]): number => jobs.filter((job) => job.done).length // water level\n'

/** A streamed chat request of exactly `promptBytes` of prompt (at least the id's length), with what the nodes must say. */
export const chatQuestion = ({ model, servedName, id, promptBytes, maxTokens }: ChatQuestionOptions): ChatQuestion => {
  const start = `Question ${id}. Explain this file:\n`
  const room = Math.max(0, promptBytes - start.length)
  const content = start + filler.repeat(Math.ceil(room / filler.length)).slice(0, room)
  const request = { model, messages: [{ role: 'user', content }], max_tokens: maxTokens, temperature: 0, stream: true }
  return {
    body: Buffer.from(JSON.stringify(request)),
    expected: Buffer.from(expectedText({ model: servedName, request })),
  }
}
