import { z } from 'zod'

const count = z.int().nullish()

/** Fields of both endpoints; unknown fields are accepted and ignored, as vLLM does. */
const shared = {
  model: z.string().nullish(),
  max_tokens: count,
  min_tokens: count,
  n: count,
  stream: z.boolean().nullish(),
  stream_options: z
    .object({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  include_stop_str_in_output: z.boolean().nullish(),
  ignore_eos: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  return_token_ids: z.boolean().nullish(),
  request_id: z.string().nullish(),
}

/** Fields of vLLM this node does not act out: refused when set, because ignoring them would give a wrong answer unnoticed. */
export const notSimulated = [
  'echo',
  'logprobs',
  'top_logprobs',
  'prompt_logprobs',
  'structured_outputs',
  'use_beam_search',
] as const

export const CompletionRequest = z.looseObject({
  ...shared,
  prompt: z.union([z.string(), z.array(z.int()), z.array(z.string()), z.array(z.array(z.int()))]),
  suffix: z.unknown().optional(),
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
  function: z.looseObject({ name: z.string(), parameters: z.record(z.string(), z.unknown()).nullish() }),
})

export const ChatRequest = z.looseObject({
  ...shared,
  messages: z.array(turn).min(1),
  max_completion_tokens: count,
  add_generation_prompt: z.boolean().default(true),
  continue_final_message: z.boolean().default(false),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
    ])
    .nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>

export type Endpoint = 'chat' | 'completion'
export type InferenceRequest =
  | { endpoint: 'chat'; body: ChatRequest }
  | { endpoint: 'completion'; body: CompletionRequest }
