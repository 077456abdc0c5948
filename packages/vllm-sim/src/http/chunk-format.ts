import type { AnswerStep } from '../openai/answer.ts'
import type { Endpoint } from '../openai/request.ts'

/** What all chunks of one answer share. */
export interface ReplyHead {
  readonly endpoint: Endpoint
  /** `chatcmpl-…` or `cmpl-…`. */
  readonly id: string
  /** Epoch seconds. */
  readonly created: number
  readonly model: string
  /** Role of the answer's message; a chat only. */
  readonly role: string
}

/** Renders an answer as server-sent events. Works on text, not objects: a node renders tens of thousands of chunks a second. */
export interface ChunkFormat {
  /** What comes before the first step's own chunk; empty for completions. */
  opening(promptTokenIds: readonly number[] | null): string
  step(step: AnswerStep, extra: ChunkExtra): string
  usage(usage: string): string
}

export interface ChunkExtra {
  /** Ids of the tokens in this chunk, when asked for. */
  readonly tokenIds: readonly number[] | null
  /** Prompt ids: completions carry them in their first chunk's choice. */
  readonly promptTokenIds: readonly number[] | null
  /** JSON of the usage so far, when asked for on every chunk. */
  readonly usage: string | null
}

export const usageJson = (promptTokens: number, completionTokens: number): string =>
  `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens + completionTokens},"completion_tokens":${completionTokens}}`

export const chunkFormat = (head: ReplyHead): ChunkFormat => {
  const chat = head.endpoint === 'chat'
  const object = chat ? 'chat.completion.chunk' : 'text_completion'
  const start = `data: {"id":${JSON.stringify(head.id)},"object":"${object}","created":${head.created},"model":${JSON.stringify(head.model)},"choices":[`
  return {
    opening: (ids) => {
      if (!chat) return ''
      const delta = `{"role":${JSON.stringify(head.role)},"content":""}`
      const prompt = ids === null ? '' : `,"prompt_token_ids":[${ids.join(',')}]`
      return `${start}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":null}]${prompt}}\n\n`
    },
    step: (step, extra) => {
      const body = chat ? `"delta":${delta(step)}` : `"text":${JSON.stringify(step.text)}`
      return `${start}{"index":0,${body},"logprobs":null,${ending(step)}${choiceIds(extra, chat)}}]${usageField(extra.usage)}}\n\n`
    },
    usage: (usage) => `${start}]${usageField(usage)}}\n\n`,
  }
}

const delta = ({ text, tool }: AnswerStep): string => {
  if (tool === null) return `{"content":${JSON.stringify(text)}}`
  const args = `"arguments":${JSON.stringify(tool.arguments)}`
  if (tool.start === null) return `{"tool_calls":[{"index":0,"function":{${args}}}]}`
  const { id, name } = tool.start
  return `{"tool_calls":[{"id":"${id}","type":"function","index":0,"function":{"name":${JSON.stringify(name)},${args}}}]}`
}

const ending = ({ end }: AnswerStep): string =>
  end === null
    ? '"finish_reason":null,"stop_reason":null'
    : `"finish_reason":"${end.finishReason}","stop_reason":${JSON.stringify(end.stopReason)}`

const choiceIds = (extra: ChunkExtra, chat: boolean): string => {
  const prompt = chat || extra.promptTokenIds === null ? '' : `,"prompt_token_ids":[${extra.promptTokenIds.join(',')}]`
  return extra.tokenIds === null ? prompt : `${prompt},"token_ids":[${extra.tokenIds.join(',')}]`
}

const usageField = (usage: string | null): string => (usage === null ? '' : `,"usage":${usage}`)
