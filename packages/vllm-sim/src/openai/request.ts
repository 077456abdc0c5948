import { z } from 'zod'

const count = z.int().nullish()
const flag = z.boolean().nullish()
const number = z.number().nullish()
const object = z.record(z.string(), z.unknown())

const responseFormat = z
  .discriminatedUnion('type', [
    z.looseObject({ type: z.literal('text') }),
    z.looseObject({ type: z.literal('json_object') }),
    z.looseObject({
      type: z.literal('json_schema'),
      json_schema: z.looseObject({ name: z.string(), schema: object.nullish() }).nullish(),
    }),
    z.looseObject({ type: z.literal('structural_tag') }),
  ])
  .nullish()

/** Fields of both endpoints; unknown fields are accepted and ignored, as vLLM does. */
const shared = {
  model: z.string().nullish(),
  max_tokens: count,
  min_tokens: count,
  n: count,
  stream: flag,
  stream_options: z.object({ include_usage: flag, continuous_usage_stats: flag }).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  stop_token_ids: z.array(z.int()).nullish(),
  include_stop_str_in_output: flag,
  ignore_eos: flag,
  temperature: number,
  top_p: number,
  top_k: count,
  min_p: number,
  repetition_penalty: number,
  presence_penalty: number,
  frequency_penalty: number,
  seed: count,
  logit_bias: z.record(z.string(), z.number()).nullish(),
  allowed_token_ids: z.array(z.int()).nullish(),
  bad_words: z.array(z.string()).nullish(),
  echo: flag,
  prompt_logprobs: count,
  use_beam_search: flag,
  truncate_prompt_tokens: count,
  truncation_side: z.enum(['left', 'right']).nullish(),
  response_format: responseFormat,
  structured_outputs: z
    .looseObject({
      json: z.union([z.string(), object]).nullish(),
      regex: z.string().nullish(),
      choice: z.array(z.string()).nullish(),
      grammar: z.string().nullish(),
      json_object: flag,
      structural_tag: z.unknown().optional(),
    })
    .nullish(),
  guided_json: z.union([z.string(), object]).nullish(),
  guided_regex: z.string().nullish(),
  guided_choice: z.array(z.string()).nullish(),
  guided_grammar: z.string().nullish(),
  return_token_ids: flag,
  return_tokens_as_token_ids: flag,
  stream_interval: z.int().min(1).nullish(),
  request_id: z.string().nullish(),
  priority: count,
  cache_salt: z.string().nullish(),
}

export const CompletionRequest = z.looseObject({
  ...shared,
  prompt: z.union([z.string(), z.array(z.int()), z.array(z.string()), z.array(z.array(z.int()))]).nullish(),
  suffix: z.unknown().optional(),
  logprobs: count,
})
export type CompletionRequest = z.infer<typeof CompletionRequest>

const part = z.looseObject({ type: z.string(), text: z.string().optional() })

const turn = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
  tool_call_id: z.string().optional(),
})

const tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), parameters: object.nullish() }),
})

/** What a conversation becomes a prompt by; `/tokenize` takes it too. */
const conversation = {
  messages: z.array(turn).min(1),
  add_generation_prompt: z.boolean().default(true),
  continue_final_message: z.boolean().default(false),
  tools: z.array(tool).nullish(),
  chat_template: z.string().nullish(),
  chat_template_kwargs: object.nullish(),
}

/** A conversation alone. */
export const Conversation = z.looseObject(conversation)

export const ChatRequest = z.looseObject({
  ...shared,
  ...conversation,
  max_completion_tokens: count,
  logprobs: flag,
  top_logprobs: count,
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: flag,
  include_reasoning: flag,
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  thinking_token_budget: count,
})
export type ChatRequest = z.infer<typeof ChatRequest>

export type Endpoint = 'chat' | 'completion'
export type InferenceRequest =
  | {
      endpoint: 'chat'
      body: ChatRequest
      /** Several conversations, an answer each; `body` holds the first. */
      conversations?: readonly ChatRequest['messages'][]
    }
  | { endpoint: 'completion'; body: CompletionRequest }

/** The request's limit on its answer; null when it has none. */
export const outputTokensWanted = (request: InferenceRequest): number | null =>
  (request.endpoint === 'chat' ? request.body.max_completion_tokens : null) ?? request.body.max_tokens ?? null

export const stopsOf = ({ body: { stop } }: InferenceRequest): readonly string[] =>
  stop == null ? [] : typeof stop === 'string' ? [stop] : stop
