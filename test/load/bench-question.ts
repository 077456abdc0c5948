import { expectedText } from '@penstock/vllm-sim'
import { testModel } from '../stack/seed-config.ts'
import { promptText } from './workloads/prompt-text.ts'
import type { WorkloadRequest } from './workloads/workload.ts'

/** What is asked, as the chat or the completion endpoint takes it. Completions stream too: that is how editors show them. */
const requestOf = (
  { lane, prompt, outputTokens }: Pick<WorkloadRequest, 'lane' | 'prompt' | 'outputTokens'>,
  model: string,
): object => {
  const [instructions, question] = [true, false].map((instructs) =>
    promptText(prompt.filter((piece) => (piece.instructs ?? false) === instructs)),
  )
  const messages = [
    ...(instructions === '' ? [] : [{ role: 'system', content: instructions }]),
    { role: 'user', content: question },
  ]
  const asked = lane === 'completion' ? { prompt: promptText(prompt) } : { messages }
  return { model, ...asked, max_tokens: outputTokens, temperature: 0, stream: true }
}

export const pathOf = ({ lane }: Pick<WorkloadRequest, 'lane'>): string =>
  lane === 'completion' ? '/v1/completions' : '/v1/chat/completions'

/** The JSON of a request that asks for a model by this name. */
export const questionBody = (request: WorkloadRequest, model: string): Buffer<ArrayBuffer> =>
  Buffer.from(JSON.stringify(requestOf(request, model)))

/** Every byte that a complete answer has. */
export const rightAnswer = (request: WorkloadRequest): Buffer =>
  Buffer.from(expectedText({ model: testModel.servedName, request: requestOf(request, testModel.servedName) }))
