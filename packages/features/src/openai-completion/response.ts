import type { Usage } from '@penstock/models'
import type { AnswerEnvelope, AnswerFinish } from '../openai/envelope.ts'
import { envelopeJson, pendingUsage, usageJson } from '../openai/envelope.ts'

export interface TextAnswer {
  readonly text: string
  readonly finishReason: AnswerFinish
  /** Null when the node did not tell. */
  readonly usage: Usage | null
}

/** The whole answer of `/v1/completions` without streaming. */
export function textCompletion(envelope: AnswerEnvelope, answer: TextAnswer) {
  return {
    ...envelopeJson('text_completion', envelope),
    choices: [choice(answer.text, answer.finishReason)],
    ...(answer.usage === null ? {} : { usage: usageJson(answer.usage) }),
  }
}

export function textPartChunk(envelope: AnswerEnvelope, text: string) {
  return { ...envelopeJson('text_completion', envelope), choices: [choice(text, null)], ...pendingUsage(envelope) }
}

/** Last chunk with a choice: why the answer ended. */
export function textFinishChunk(envelope: AnswerEnvelope, finishReason: AnswerFinish) {
  return {
    ...envelopeJson('text_completion', envelope),
    choices: [choice('', finishReason)],
    ...pendingUsage(envelope),
  }
}

/** Very last chunk, when the client asked for the usage. */
export function textUsageChunk(envelope: AnswerEnvelope, usage: Usage) {
  return { ...envelopeJson('text_completion', envelope), choices: [], usage: usageJson(usage) }
}

/** Text completions know no tools. */
function choice(text: string, finishReason: AnswerFinish | null) {
  return { text, index: 0, logprobs: null, finish_reason: finishReason === 'tool_calls' ? 'stop' : finishReason }
}
