import { fingerprint } from '../text/byte-hash.ts'
import { renderConversation } from '../text/conversation.ts'
import { countTokens, decodeTokens } from '../text/tokenizer.ts'
import { toolArguments } from '../text/tool-arguments.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { notSimulated } from './request.ts'
import type { ChatRequest, CompletionRequest, InferenceRequest } from './request.ts'

/** What of a node decides answers; two nodes with equal values give equal answers. */
export interface AnswerRules {
  /** Prompt and answer together, tokens. */
  readonly modelLengthMax: number
  /** Probability per word that the answer ends there by itself. */
  readonly endProbability: number
  /** `first`: a chat with tools calls the first of them, until a tool result is the last message. */
  readonly toolCalls: 'first' | 'never'
}

export const defaultRules: AnswerRules = { modelLengthMax: 131_072, endProbability: 0, toolCalls: 'first' }

/** A chat without a limit would run to the end of the context; the node ends it here. Tokens. */
const chatTokensByDefault = 256
const completionTokensByDefault = 16

/** Everything that decides an answer, except the model. */
export interface AnswerPlan {
  readonly kind: 'planned'
  /** The whole prompt as UTF-8. */
  readonly prompt: Uint8Array
  readonly promptTokens: number
  readonly outputTokensMax: number
  readonly outputTokensMin: number
  readonly endProbability: number
  readonly stops: readonly string[]
  readonly includeStop: boolean
  readonly toolCall: { readonly name: string; readonly arguments: string; readonly named: boolean } | null
}

/** Decides what to answer, or why not: vLLM's checks, as far as they concern the request alone. */
export const planAnswer = (request: InferenceRequest, rules: AnswerRules): AnswerPlan | Refusal => {
  const refusal =
    refuseSettings(request) ?? (request.endpoint === 'chat' ? refuseChat(request.body) : refuseCompletion(request.body))
  if (refusal !== undefined) return refusal
  const text = request.endpoint === 'chat' ? chatPrompt(request.body) : completionPrompt(request.body)
  if (typeof text !== 'string') return text

  const { body } = request
  const prompt = Buffer.from(text)
  const promptTokens = countTokens(prompt)
  const room = rules.modelLengthMax - promptTokens
  const wanted = outputTokensWanted(request)
  const outputTokensMax =
    wanted ?? (request.endpoint === 'chat' ? Math.min(chatTokensByDefault, room) : completionTokensByDefault)
  if (room < 1 || outputTokensMax > room)
    return overflow(rules.modelLengthMax, promptTokens, Math.max(outputTokensMax, 1))
  const outputTokensMin = body.min_tokens ?? 0
  if (outputTokensMin > outputTokensMax)
    return badRequest(`min_tokens ${outputTokensMin} is above max_tokens ${outputTokensMax}.`, 'min_tokens')

  return {
    kind: 'planned',
    prompt,
    promptTokens,
    outputTokensMax,
    outputTokensMin,
    endProbability: body.ignore_eos === true ? 0 : rules.endProbability,
    stops: stopsOf(body.stop),
    includeStop: body.include_stop_str_in_output ?? false,
    toolCall: request.endpoint === 'chat' ? chooseTool(request.body, prompt, rules) : null,
  }
}

const stopsOf = (stop: string | readonly string[] | null | undefined): readonly string[] =>
  stop == null ? [] : typeof stop === 'string' ? [stop] : stop

const outputTokensWanted = (request: InferenceRequest): number | null =>
  (request.endpoint === 'chat' ? request.body.max_completion_tokens : null) ?? request.body.max_tokens ?? null

const refuseSettings = (request: InferenceRequest): Refusal | undefined => {
  const { body } = request
  const wanted = outputTokensWanted(request)
  const stops = stopsOf(body.stop)
  if (wanted !== null && wanted < 1) return badRequest(`max_tokens must be at least 1, not ${wanted}.`, 'max_tokens')
  if ((body.n ?? 1) !== 1) return badRequest('n must be 1 on this node.', 'n')
  if (stops.includes('')) return badRequest('A stop string must not be empty.', 'stop')
  if (body.stream_options != null && body.stream !== true)
    return badRequest('stream_options needs stream to be true.', 'stream_options')
  if (outside(body.temperature, 0, 2)) return badRequest('temperature must be between 0 and 2.', 'temperature')
  if (outside(body.top_p, Number.MIN_VALUE, 1)) return badRequest('top_p must be above 0 and at most 1.', 'top_p')
  for (const name of ['presence_penalty', 'frequency_penalty'] as const) {
    if (outside(body[name], -2, 2)) return badRequest(`${name} must be between -2 and 2.`, name)
  }
  for (const name of notSimulated) {
    const value = body[name]
    if (value != null && value !== false) return badRequest(`${name} is not simulated by this node.`, name)
  }
  return undefined
}

const outside = (value: number | null | undefined, least: number, most: number): boolean =>
  value != null && (value < least || value > most)

const refuseCompletion = (body: CompletionRequest): Refusal | undefined =>
  body.suffix == null ? undefined : badRequest('suffix is not supported: put it into the prompt.', 'suffix')

const refuseChat = (body: ChatRequest): Refusal | undefined => {
  if (body.add_generation_prompt && body.continue_final_message) {
    return badRequest('add_generation_prompt and continue_final_message exclude each other.', 'continue_final_message')
  }
  if (body.response_format != null && body.response_format.type !== 'text') {
    return badRequest('response_format is not simulated by this node.', 'response_format')
  }
  if (body.tools != null && body.tools.length === 0) return badRequest('tools must not be empty.', 'tools')
  const choice = body.tool_choice ?? 'none'
  if (choice !== 'none' && body.tools == null) return badRequest('tool_choice needs tools.', 'tool_choice')
  if (typeof choice === 'object' && !body.tools?.some((tool) => tool.function.name === choice.function.name)) {
    return badRequest(`tool_choice names \`${choice.function.name}\`, which is not among the tools.`, 'tool_choice')
  }
  return undefined
}

const chatPrompt = (body: ChatRequest): string =>
  renderConversation(body.messages, {
    tools: body.tools ?? [],
    addGenerationPrompt: body.add_generation_prompt,
    continueFinalMessage: body.continue_final_message,
  })

const completionPrompt = ({ prompt }: CompletionRequest): string | Refusal => {
  const single = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt[0] : (prompt as string | number[])
  if (single === undefined || single.length === 0) return badRequest('The prompt is empty.', 'prompt')
  if (single !== prompt && prompt.length > 1) return badRequest('This node takes one prompt per request.', 'prompt')
  if (typeof single === 'string') return single
  const decoded = decodeTokens(single as number[])
  return decoded.kind === 'text'
    ? decoded.text
    : badRequest(`Token id ${decoded.id} is out of the vocabulary.`, 'prompt')
}

/** Text form of the releases since 0.23. */
const overflow = (modelLengthMax: number, promptTokens: number, outputTokens: number): Refusal =>
  badRequest(
    `The maximum context length is ${modelLengthMax} tokens, but ${outputTokens} output tokens were requested for a prompt of at least ` +
      `${promptTokens} input tokens: ${promptTokens + outputTokens} in total.`,
    'input_tokens',
  )

const chooseTool = (body: ChatRequest, prompt: Uint8Array, rules: AnswerRules): AnswerPlan['toolCall'] => {
  const choice = body.tool_choice ?? 'auto'
  const forced = choice !== 'auto'
  if (body.tools == null || choice === 'none' || body.continue_final_message) return null
  if (!forced && (rules.toolCalls === 'never' || body.messages.at(-1)?.role === 'tool')) return null
  const named = typeof choice === 'object'
  const tool = named ? body.tools.find((one) => one.function.name === choice.function.name) : body.tools[0]
  if (tool === undefined) return null
  return {
    name: tool.function.name,
    arguments: toolArguments(tool.function.parameters ?? {}, fingerprint(prompt)),
    named,
  }
}
