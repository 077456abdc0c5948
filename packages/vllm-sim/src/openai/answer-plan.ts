import type { NodeSettings } from '../node-settings.ts'
import { versionProfiles } from '../profiles/version-profile.ts'
import { fingerprint } from '../text/byte-hash.ts'
import { checkRequest } from './check-request.ts'
import { constrainedText, constraintOf } from './constraint.ts'
import { contentOf } from './content.ts'
import type { Content } from './content.ts'
import { contextOverflow } from './context-overflow.ts'
import { promptsOf } from './prompts.ts'
import type { Prompt } from './prompts.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { outputTokensWanted, stopsOf } from './request.ts'
import type { ChatRequest, InferenceRequest } from './request.ts'
import { chosenTools } from './tool-choice.ts'
import type { ToolPlan } from './tool-choice.ts'

/** A chat without a limit would run to the end of the context; the node ends it here. Tokens. */
const chatTokensByDefault = 256
const completionTokensByDefault = 16

/** Everything that decides the answers of a request, except the model. */
export interface AnswerPlan {
  readonly kind: 'planned'
  readonly prompts: readonly Prompt[]
  /** One for every sample of every prompt: prompt p, sample s at p·n + s. */
  readonly choices: readonly ChoicePlan[]
}

export interface ChoicePlan {
  readonly prompt: Prompt
  /** Which of the prompt's answers this is. */
  readonly sample: number
  readonly outputTokensMax: number
  readonly outputTokensMin: number
  readonly endProbability: number
  readonly stops: readonly string[]
  /** Ids of tokens that end the answer. */
  readonly stopTokens: ReadonlySet<number>
  readonly includeStop: boolean
  /** Tokens thought before the answer, and whether they are shown. */
  readonly thinking: { readonly tokens: number; readonly shown: boolean }
  readonly content: Content
  readonly tools: ToolPlan | null
  /** Text that stands before the answer although it is not of it. */
  readonly echo: string
  /** The request asks for nothing but the prompt itself. */
  readonly onlyEchoes: boolean
}

/** Decides what to answer, or why not: vLLM's checks, as far as they concern the request alone. All or nothing. */
export const planAnswer = (request: InferenceRequest, settings: NodeSettings): AnswerPlan | Refusal => {
  const refused = checkRequest(request, settings)
  if (refused !== undefined) return refused
  const constraint = constraintOf(request, settings.profile)
  if (constraint?.kind === 'refused') return constraint
  const prompts = promptsOf(request, settings.modelLengthMax)
  if ('kind' in prompts) return prompts

  const { body } = request
  const choices: ChoicePlan[] = []
  for (const prompt of prompts) {
    const limits = limitsOf(request, prompt, settings)
    if ('kind' in limits) return limits
    const tools = request.endpoint === 'chat' ? chosenTools(request.body, prompt.bytes, settings) : null
    for (let sample = 0; sample < (body.n ?? 1); sample++) {
      choices.push({
        prompt,
        sample,
        ...limits,
        endProbability: body.ignore_eos === true ? 0 : settings.endProbability,
        stops: stopsOf(request),
        stopTokens: new Set(body.stop_token_ids),
        includeStop: body.include_stop_str_in_output ?? false,
        thinking: request.endpoint === 'chat' ? thinkingOf(request.body, settings) : { tokens: 0, shown: false },
        content:
          constraint === null
            ? contentOf(prompt, settings, body.ignore_eos === true)
            : { kind: 'fixed', text: constrainedText(constraint, seedOf(prompt, sample)) },
        tools,
        echo: echoOf(request, prompt),
      })
    }
  }
  return { kind: 'planned', prompts, choices }
}

type Limits = Pick<ChoicePlan, 'outputTokensMax' | 'outputTokensMin' | 'onlyEchoes'>

const limitsOf = (request: InferenceRequest, prompt: Prompt, settings: NodeSettings): Limits | Refusal => {
  const { modelLengthMax } = settings
  const wanted = outputTokensWanted(request)
  const room = modelLengthMax - prompt.tokens
  const byDefault = request.endpoint === 'chat' ? Math.min(chatTokensByDefault, room) : completionTokensByDefault
  const outputTokensMax = Math.max(wanted ?? byDefault, 1)
  const sizes = { modelLengthMax, promptTokens: prompt.tokens, outputTokens: outputTokensMax }
  const overflow = contextOverflow(sizes, settings.profile)
  if (overflow !== undefined) return overflow
  const outputTokensMin = request.body.min_tokens ?? 0
  if (outputTokensMin > outputTokensMax)
    return badRequest(
      `min_tokens must be at most max_tokens (${outputTokensMax}), got ${outputTokensMin}.`,
      'min_tokens',
    )
  return { outputTokensMax, outputTokensMin, onlyEchoes: wanted === 0 }
}

/** Of the question, not of what was said since, so that a constrained answer can be taken up. */
const seedOf = (prompt: Prompt, sample: number): string => {
  const asked = prompt.bytes.subarray(0, prompt.bytes.length - Buffer.byteLength(prompt.said))
  return `${fingerprint(asked)}#${sample}`
}

const echoOf = (request: InferenceRequest, prompt: Prompt): string =>
  request.body.echo !== true ? '' : request.endpoint === 'chat' ? prompt.said : prompt.question

const thinkingOf = (body: ChatRequest, { reasoningTokens, profile }: NodeSettings): ChoicePlan['thinking'] => {
  const off =
    body.continue_final_message ||
    body.reasoning_effort === 'none' ||
    body.chat_template_kwargs?.['enable_thinking'] === false ||
    versionProfiles[profile].reasoningFields.length === 0
  return {
    tokens: off ? 0 : Math.min(reasoningTokens, body.thinking_token_budget ?? Infinity),
    shown: body.include_reasoning !== false,
  }
}
