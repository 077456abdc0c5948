import { z } from 'zod'
import { badRequest, refusal } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { ChatRequest } from '../openai/request.ts'

const part = z.looseObject({ type: z.string(), text: z.string().optional() })

/** What an item of the input must have, by its type. */
const membersOf = {
  message: ['role', 'content'],
  reasoning: [],
  function_call: ['call_id', 'name', 'arguments'],
  function_call_output: ['call_id', 'output'],
} as const

const item = z
  .looseObject({
    type: z.enum(['message', 'reasoning', 'function_call', 'function_call_output']).default('message'),
    role: z.enum(['user', 'assistant', 'system', 'developer']).optional(),
    content: z.union([z.string(), z.array(part)]).nullish(),
    call_id: z.string().optional(),
    name: z.string().optional(),
    arguments: z.string().optional(),
    output: z.union([z.string(), z.array(part)]).optional(),
  })
  .superRefine((one, context) => {
    for (const name of membersOf[one.type])
      if (one[name] === undefined)
        context.addIssue({ code: 'custom', path: [name], message: `missing in a ${one.type}` })
  })

const {
  stop,
  include_stop_str_in_output,
  ignore_eos,
  seed,
  top_k,
  repetition_penalty,
  logit_bias,
  structured_outputs,
} = ChatRequest.shape
const sampling = {
  stop,
  include_stop_str_in_output,
  ignore_eos,
  seed,
  top_k,
  repetition_penalty,
  logit_bias,
  structured_outputs,
}

/** How the Responses API calls fields of a chat. */
export const responsesNames = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
} as const

/** A request of OpenAI's Responses API. Fields that change nothing here are kept for the answer, which repeats them. */
export const ResponsesRequest = z.looseObject({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(item)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_logprobs: z.int().nullish(),
  tools: z
    .array(
      z
        .looseObject({
          type: z.string(),
          name: z.string().optional(),
          description: z.string().nullish(),
          parameters: z.record(z.string(), z.unknown()).nullish(),
        })
        .refine(({ type, name }) => type !== 'function' || name !== undefined, {
          path: ['name'],
          message: 'missing in a function',
        }),
    )
    .nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.literal('function'), name: z.string() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: ChatRequest.shape.reasoning_effort }).nullish(),
  text: z
    .looseObject({
      format: z
        .discriminatedUnion('type', [
          z.looseObject({ type: z.literal('text') }),
          z.looseObject({ type: z.literal('json_object') }),
          z.looseObject({
            type: z.literal('json_schema'),
            name: z.string(),
            schema: z.record(z.string(), z.unknown()),
          }),
        ])
        .nullish(),
    })
    .nullish(),
  previous_response_id: z.string().nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  user: z.string().nullish(),
  request_id: z.string().nullish(),
  priority: z.int().nullish(),
  cache_salt: z.string().nullish(),
  include: z.array(z.string()).nullish(),
  // Of vLLM alone.
  ...sampling,
})
export type ResponsesRequest = z.infer<typeof ResponsesRequest>

/** A node that stores no responses knows none. */
export const unknownResponse = (id: string): Refusal =>
  refusal(404, 'NotFoundError', `Response with id '${id}' not found.`, 'response_id')

/** The chat that a request becomes, or why there is none. */
export const chatOfResponses = (request: ResponsesRequest): { readonly chat: object } | Refusal => {
  if (request.background === true)
    return badRequest('background needs a store of responses, which this node has not.', 'background')
  if (request.previous_response_id != null) return unknownResponse(request.previous_response_id)
  if (request.include?.includes('message.output_text.logprobs') === true)
    return badRequest('message.output_text.logprobs is beyond this simulated node.', 'include')
  const turns: object[] = request.instructions == null ? [] : [{ role: 'system', content: request.instructions }]
  const { input } = request
  if (typeof input === 'string') turns.push({ role: 'user', content: input })
  else turns.push(...input.flatMap(turnsOf))
  const functions = request.tools?.filter(({ type }) => type === 'function') ?? []
  const { tool_choice: choice } = request
  return {
    chat: {
      model: request.model,
      messages: turns,
      max_tokens: request.max_output_tokens,
      stream: request.stream,
      temperature: request.temperature,
      top_p: request.top_p,
      ...(functions.length > 0 && {
        tools: functions.map(({ name, description, parameters }) => ({
          type: 'function',
          function: { name, description, parameters },
        })),
        tool_choice:
          choice != null && typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice,
        parallel_tool_calls: request.parallel_tool_calls,
      }),
      reasoning_effort: request.reasoning?.effort,
      response_format: formatOf(request.text?.format),
      request_id: request.request_id,
      priority: request.priority,
      cache_salt: request.cache_salt,
      ...Object.fromEntries(Object.keys(sampling).map((name) => [name, request[name]])),
    },
  }
}

/** The turns an item of the input stands for: none for a thought. */
const turnsOf = ({ type, role, content, ...rest }: z.infer<typeof item>): object[] => {
  switch (type) {
    case 'message':
      return [{ role: role === 'developer' ? 'system' : role, content: partsOf(content) }]
    case 'reasoning':
      return []
    case 'function_call': {
      const call = { id: rest.call_id, type: 'function', function: { name: rest.name, arguments: rest.arguments } }
      return [{ role: 'assistant', content: null, tool_calls: [call] }]
    }
    case 'function_call_output':
      return [{ role: 'tool', tool_call_id: rest.call_id, content: partsOf(rest.output) }]
  }
}

const partsOf = (content: string | readonly z.infer<typeof part>[] | null | undefined): unknown =>
  Array.isArray(content)
    ? content.map(({ type, text }) => (text === undefined ? { type } : { type: 'text', text }))
    : content

const formatOf = (format: NonNullable<ResponsesRequest['text']>['format']): object | undefined => {
  if (format == null) return undefined
  if (format.type !== 'json_schema') return { type: format.type }
  return { type: 'json_schema', json_schema: { name: format.name, schema: format.schema } }
}
