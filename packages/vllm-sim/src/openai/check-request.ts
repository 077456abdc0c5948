import type { NodeSettings } from '../node-settings.ts'
import { versionProfiles } from '../profiles/version-profile.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { outputTokensWanted, stopsOf } from './request.ts'
import type { ChatRequest, CompletionRequest, InferenceRequest } from './request.ts'

/** Most answers one request may ask for. */
const samplesMax = 16_384

type Verdict = Refusal | undefined

/** Why vLLM would refuse a request for its fields alone, or undefined. */
export const checkRequest = (request: InferenceRequest, settings: NodeSettings): Verdict => {
  const profile = versionProfiles[settings.profile]
  return (
    checkEndings(request, profile) ??
    checkSampling(request, profile) ??
    checkLogprobs(request, settings) ??
    checkRest(request, settings, profile) ??
    (request.endpoint === 'chat' ? checkChat(request.body, settings) : checkCompletion(request.body, profile))
  )
}

const checkEndings = (request: InferenceRequest, profile: VersionProfile): Verdict => {
  const { body } = request
  const wanted = outputTokensWanted(request)
  const onlyEchoes = request.endpoint === 'completion' && body.echo === true && wanted === 0
  if (wanted !== null && wanted < 1 && !onlyEchoes)
    return badRequest(`max_tokens must be at least 1, got ${wanted}.`, 'max_tokens')
  const stops = stopsOf(request)
  if (stops.includes('')) return badRequest('stop cannot contain an empty string.', 'stop')
  if (profile.stopStringsMax !== null && stops.length > profile.stopStringsMax)
    return badRequest(`stop has ${stops.length} strings; at most ${profile.stopStringsMax} are allowed.`, 'stop')
  if ((body.min_tokens ?? 0) < 0) return badRequest('min_tokens must not be negative.', 'min_tokens')
  if (body.stream_options != null && body.stream !== true)
    return badRequest('stream_options can only be set when stream is true.', 'stream_options')
  return undefined
}

const checkSampling = ({ body }: InferenceRequest, profile: VersionProfile): Verdict => {
  const samples = body.n ?? 1
  if (samples < 1 || samples > samplesMax)
    return badRequest(`n must be between 1 and ${samplesMax}, got ${samples}.`, 'n')
  const { temperature, top_k: topK } = body
  if (temperature != null && temperature < 0)
    return badRequest(`temperature must not be negative, got ${temperature}.`, 'temperature')
  if (profile.temperatureMax !== null && (temperature ?? 0) > profile.temperatureMax)
    return badRequest(`temperature must be at most ${profile.temperatureMax}, got ${temperature}.`, 'temperature')
  if (temperature === 0 && samples > 1) return badRequest('n must be 1 when temperature is 0.', 'n')
  if (outside(body.top_p, Number.MIN_VALUE, 1)) return badRequest('top_p must be in (0, 1].', 'top_p')
  if (topK != null && topK < -1) return badRequest('top_k must be 0 or -1 (off), or at least 1.', 'top_k')
  if (outside(body.min_p, 0, 1)) return badRequest('min_p must be in [0, 1].', 'min_p')
  if (outside(body.repetition_penalty, Number.MIN_VALUE, Infinity))
    return badRequest('repetition_penalty must be greater than zero.', 'repetition_penalty')
  for (const name of ['presence_penalty', 'frequency_penalty'] as const)
    if (outside(body[name], -2, 2)) return badRequest(`${name} must be in [-2, 2].`, name)
  for (const [id, bias] of Object.entries(body.logit_bias ?? {})) {
    if (!/^\d+$/.test(id)) return badRequest(`logit_bias names \`${id}\`, which is no token id.`, 'logit_bias')
    if (outside(bias, -100, 100)) return badRequest('logit_bias must be in [-100, 100].', 'logit_bias')
  }
  if (body.allowed_token_ids?.length === 0)
    return badRequest('allowed_token_ids must not be empty.', 'allowed_token_ids')
  if (body.bad_words?.includes('')) return badRequest('bad_words cannot contain an empty string.', 'bad_words')
  return undefined
}

const outside = (value: number | null | undefined, least: number, most: number): boolean =>
  value != null && (value < least || value > most)

const checkLogprobs = ({ endpoint, body }: InferenceRequest, { logprobsMax }: NodeSettings): Verdict => {
  const tooMany = (wanted: number, name: string): Verdict =>
    wanted < -1 || (wanted === -1 && logprobsMax !== -1)
      ? badRequest(`${name} must be a positive value.`, name)
      : logprobsMax !== -1 && wanted > logprobsMax
        ? badRequest(`${name} is ${wanted}, which is greater than the maximum of ${logprobsMax}.`, name)
        : undefined
  if (endpoint === 'chat') {
    if (body.top_logprobs != null && body.top_logprobs !== 0 && body.logprobs !== true)
      return badRequest('logprobs must be true when top_logprobs is set.', 'top_logprobs')
    const refused = tooMany(body.top_logprobs ?? 0, 'top_logprobs')
    if (refused !== undefined) return refused
  } else {
    const refused = tooMany(body.logprobs ?? 0, 'logprobs')
    if (refused !== undefined) return refused
  }
  if (body.prompt_logprobs == null) return undefined
  if (body.stream === true)
    return badRequest('prompt_logprobs are not available when stream is true.', 'prompt_logprobs')
  return tooMany(body.prompt_logprobs, 'prompt_logprobs')
}

const checkRest = ({ body }: InferenceRequest, settings: NodeSettings, profile: VersionProfile): Verdict => {
  const truncate = body.truncate_prompt_tokens
  if (truncate != null && truncate < -1)
    return badRequest('truncate_prompt_tokens must be -1 or positive.', 'truncate_prompt_tokens')
  if (truncate != null && truncate > settings.modelLengthMax)
    return badRequest(
      `truncate_prompt_tokens is above max_model_len (${settings.modelLengthMax}).`,
      'truncate_prompt_tokens',
    )
  if (body.cache_salt === '') return badRequest('cache_salt must be a non-empty string.', 'cache_salt')
  if (body.use_beam_search === true && body.stream === true)
    return badRequest('Streaming is not supported with beam search.', 'use_beam_search')
  if (profile.priorityNeedsPolicy && (body.priority ?? 0) !== 0 && settings.schedulingPolicy === 'fcfs')
    return badRequest('priority needs the priority scheduling policy.', 'priority')
  return undefined
}

const checkCompletion = ({ suffix, prompt }: CompletionRequest, { promptsMax }: VersionProfile): Verdict => {
  if (suffix != null) return badRequest('suffix is not currently supported.', 'suffix')
  const several = Array.isArray(prompt) && typeof prompt[0] !== 'number'
  if (prompt == null || prompt.length === 0 || (several && (prompt as unknown[][]).some((one) => one.length === 0)))
    return badRequest('The prompt must not be empty.', 'prompt')
  if (several && promptsMax !== null && prompt.length > promptsMax)
    return badRequest(`prompt has ${prompt.length} elements; at most ${promptsMax} are allowed.`, 'prompt')
  return undefined
}

const checkChat = (body: ChatRequest, settings: NodeSettings): Verdict => {
  if (body.add_generation_prompt && body.continue_final_message)
    return badRequest('add_generation_prompt and continue_final_message cannot both be true.', 'continue_final_message')
  if (body.chat_template != null && !settings.trustRequestChatTemplate)
    return badRequest('chat_template is taken only with --trust-request-chat-template.', 'chat_template')
  if ((body.thinking_token_budget ?? 0) < 0)
    return badRequest('thinking_token_budget must not be negative.', 'thinking_token_budget')
  return checkTools(body, settings)
}

const checkTools = (body: ChatRequest, settings: NodeSettings): Verdict => {
  if (body.tools?.length === 0) return badRequest('tools must not be empty.', 'tools')
  const choice = body.tool_choice ?? (body.tools == null ? 'none' : 'auto')
  if (choice === 'none') return undefined
  const { tools } = body
  if (tools == null) return badRequest('tool_choice needs tools.', 'tool_choice')
  if (choice === 'auto' && !(settings.autoToolChoice && settings.toolParser !== null))
    return badRequest(
      '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set.',
      'tool_choice',
    )
  if (settings.toolParser === null && versionProfiles[settings.profile].forcedToolsNeedParser)
    return badRequest('tool_choice requires --tool-call-parser to be set.', 'tool_choice')
  if (typeof choice === 'object' && !tools.some((tool) => tool.function.name === choice.function.name))
    return badRequest(`tool_choice names \`${choice.function.name}\`, which is not among the tools.`, 'tool_choice')
  return undefined
}
