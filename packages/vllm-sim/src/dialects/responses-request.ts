import { z } from 'zod'
import { badRequest, refusal } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'

const part = z.looseObject({ type: z.string(), text: z.string().optional() })

const item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  output: z.union([z.string(), z.array(part)]).optional(),
})

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
      z.looseObject({
        type: z.string(),
        name: z.string().optional(),
        description: z.string().nullish(),
        parameters: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.literal('function'), name: z.string() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  text: z
    .looseObject({
      format: z
        .looseObject({
          type: z.string(),
          name: z.string().optional(),
          schema: z.record(z.string(), z.unknown()).optional(),
        })
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
  else
    for (const [index, one] of input.entries()) {
      const turn = turnOf(one)
      if (turn === undefined) return badRequest(`input.${index} is of the unknown type \`${one.type}\`.`, 'input')
      turns.push(...turn)
    }
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
    },
  }
}

/** The turns an item of the input stands for: none for a thought. Undefined: nobody knows its type. */
const turnOf = ({ type, role, content, ...rest }: z.infer<typeof item>): object[] | undefined => {
  switch (type ?? 'message') {
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
    default:
      return undefined
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
