import type { IncomingHttpHeaders } from 'node:http'
import type { EngineLoad } from '../engine.ts'
import type { NodeSettings } from '../node-settings.ts'
import type { ChoicePlan } from '../openai/answer-plan.ts'
import { promptLogprobs } from '../openai/logprobs.ts'
import type { LogprobOptions } from '../openai/logprobs.ts'
import type { InferenceRequest } from '../openai/request.ts'
import type { Token } from '../openai/token-source.ts'
import { versionProfiles } from '../profiles/version-profile.ts'
import { fingerprint } from '../text/byte-hash.ts'
import { encodeTokens, splitTokens } from '../text/tokenizer.ts'
import type { Call } from './inference-route.ts'
import type { ChoiceDetail, ReplyDetail } from './reply.ts'
import type { TokenOutlet } from './token-outlet.ts'
import type { UsageMeter } from './usage-meter.ts'

export interface ReplyContext {
  readonly settings: NodeSettings
  readonly usage: UsageMeter
  readonly load: () => EngineLoad
  readonly outlet: TokenOutlet
  readonly headers: IncomingHttpHeaders
}

/** Everything a reply shows beside the answers' text. */
export const replyDetail = (call: Call, { settings, usage, load, outlet, headers }: ReplyContext): ReplyDetail => {
  const { request, plan, model, arrivedAt, fault } = call
  const id = fault?.kind === 'wrong_id' ? 'of-another-request' : call.id
  const createdAt = arrivedAt + (fault?.kind === 'clock_skew' ? fault.skewMs : 0)
  const profile = versionProfiles[settings.profile]
  return {
    head: {
      endpoint: request.endpoint,
      id: `${request.endpoint === 'chat' ? 'chatcmpl' : 'cmpl'}-${id}`,
      created: Math.floor(createdAt / 1000),
      model: fault?.kind === 'wrong_model' ? fault.model : model.name,
      role: answeringRole(request),
      profile,
      fingerprint: profile.fingerprint
        ? `vllm-${profile.version}-${fingerprint(Buffer.from(model.name)).slice(0, 8)}`
        : null,
    },
    choices: plan.choices.map((choice) => choiceDetail(request, choice, profile.returnsTokenIds)),
    logprobs: logprobsOf(request),
    usage,
    outlet,
    headers: () => ({
      ...(settings.requestIdHeaders && { 'x-request-id': id }),
      ...(profile.loadHeader && request.body.stream !== true && loadMetrics(headers, load())),
    }),
  }
}

const choiceDetail = (
  { body, endpoint }: InferenceRequest,
  { prompt, echo, onlyEchoes }: ChoicePlan,
  ids: boolean,
): ChoiceDetail => ({
  echo: { text: echo, tokens: endpoint === 'completion' && echo !== '' ? tokensOf(prompt.bytes) : [] },
  onlyEchoes,
  promptTokenIds: ids && body.return_token_ids === true ? encodeTokens(prompt.bytes) : null,
  promptLogprobs: body.prompt_logprobs == null ? null : promptLogprobs(tokensOf(prompt.bytes), body.prompt_logprobs),
})

const tokensOf = (prompt: Uint8Array): Token[] => {
  const ids = encodeTokens(prompt)
  return splitTokens(Buffer.from(prompt).toString()).map((text, index) => ({ id: ids[index] as number, text }))
}

const logprobsOf = (request: InferenceRequest): LogprobOptions | null => {
  const asIds = request.body.return_tokens_as_token_ids === true
  if (request.endpoint === 'chat')
    return request.body.logprobs === true ? { alternatives: request.body.top_logprobs ?? 0, asIds } : null
  return request.body.logprobs == null ? null : { alternatives: request.body.logprobs, asIds }
}

const answeringRole = (request: InferenceRequest): string =>
  request.endpoint === 'chat' && request.body.continue_final_message
    ? (request.body.messages.at(-1)?.role ?? 'assistant')
    : 'assistant'

/** The node's load as an ORCA header, when the client asks for it. */
const loadMetrics = (headers: IncomingHttpHeaders, load: EngineLoad): Record<string, string> => {
  const metrics = { kv_cache_usage_perc: load.kvCacheUsageRatio, num_requests_waiting: load.waiting }
  switch (headers['endpoint-load-metrics-format']) {
    case 'JSON':
      return { 'endpoint-load-metrics': `JSON ${JSON.stringify({ named_metrics: metrics })}` }
    case 'TEXT':
      return {
        'endpoint-load-metrics': `TEXT ${Object.entries(metrics)
          .map(([name, value]) => `named_metrics.${name}=${value}`)
          .join(', ')}`,
      }
    case undefined:
    default:
      return {}
  }
}
