import type { Sampling, Tool } from '@penstock/models'
import { z } from 'zod'
import type { OpenAiChatInput } from '../openai-chat/request.ts'
import { isObject, JsonObject } from '../openai/json-object.ts'
import type { ParsedOpenAi } from '../openai/parsed.ts'
import type { OpenAiProblem } from '../openai/problem.ts'
import { problem, problemOf, unrecognized } from '../openai/problem.ts'
import { given } from '../openai/sampling.ts'
import { schemaProblem } from '../openai/schema-limits.ts'
import { InputItem, messagesOf } from './items.ts'

/** Change nothing about the answer here: accepted, and kept from the nodes. */
const unforwarded = [
  'user',
  'metadata',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'include',
  'truncation',
  'reasoning',
]

const FunctionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)
const ToolArgument = z.object({
  type: z.literal('function', { error: "only tools of type 'function' are available" }),
  name: FunctionName,
  description: z.string().nullish(),
  parameters: JsonObject.nullish(),
  strict: z.boolean().nullish(),
})
const Format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: FunctionName,
    description: z.string().nullish(),
    schema: JsonObject,
    strict: z.boolean().nullish(),
  }),
])

const shape = {
  model: z.string().min(1).max(255),
  input: z.union([z.string(), z.array(InputItem).min(1).max(4096)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(ToolArgument).max(128).nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.object({ type: z.literal('function'), name: FunctionName })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.object({ format: Format.nullish(), verbosity: z.string().nullish() }).nullish(),
  stream: z.boolean().nullish(),
  // Nothing is kept between requests, so nothing can be referred to.
  store: z.boolean().nullish(),
  background: z.literal(false, { error: 'answers are not made in the background' }).nullish(),
  previous_response_id: z.null({ error: 'answers are not kept: send the whole conversation' }).optional(),
}
const Arguments = z.object(shape)
type Arguments = z.infer<typeof Arguments>

/** Validates a body of OpenAI's `/v1/responses`. */
export function parseOpenAiResponses(body: unknown): ParsedOpenAi<OpenAiChatInput> {
  if (!isObject(body)) return problem(null, 'The request body must be a JSON object.')
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(shape, name) && !unforwarded.includes(name))
  if (unknown !== undefined) return unrecognized(unknown)
  const parsed = Arguments.safeParse(body)
  if (!parsed.success) return problemOf(parsed.error)
  const args = parsed.data
  const conflict = toolProblem(args)
  if (conflict !== null) return conflict
  const said =
    typeof args.input === 'string' ? [{ role: 'user' as const, content: args.input }] : messagesOf(args.input)
  const instructions = args.instructions ? [{ role: 'system' as const, content: args.instructions }] : []
  if (said.length === 0) return problem('input', "Invalid value for 'input': it holds no message.")
  return {
    ok: true,
    input: { messages: [...instructions, ...said], ...samplingOf(args) },
    stream: args.stream ?? false,
    includeUsage: true,
    model: args.model,
  }
}

function samplingOf(args: Arguments): Sampling {
  const choice = args.tool_choice
  const format = args.text?.format
  return given({
    maxTokens: args.max_output_tokens,
    temperature: args.temperature,
    topP: args.top_p,
    tools: args.tools?.length ? args.tools.map(toolOf) : undefined,
    toolChoice: choice && typeof choice === 'object' ? { name: choice.name } : choice,
    parallelToolCalls: args.tools?.length ? args.parallel_tool_calls : undefined,
    responseFormat: responseFormatOf(format),
  })
}

function toolOf({ name, description, parameters, strict }: z.infer<typeof ToolArgument>): Tool {
  return { name, ...given({ description, parameters, strict }) }
}

function responseFormatOf(format: NonNullable<Arguments['text']>['format']): Sampling['responseFormat'] {
  if (!format || format.type === 'text') return undefined
  if (format.type === 'json_object') return format
  const { type, name, schema, ...rest } = format
  return { type, name, schema, ...given(rest) }
}

function toolProblem({ tools, tool_choice: choice, text }: Arguments): OpenAiProblem | null {
  const forced = choice === 'required' || (typeof choice === 'object' && choice !== null)
  if (forced && !tools?.length)
    return problem('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.")
  if (typeof choice === 'object' && choice !== null && !tools?.some(({ name }) => name === choice.name))
    return problem('tool_choice', "'tool_choice' names a function that is not in 'tools'.")
  for (const [index, tool] of (tools ?? []).entries()) {
    const param = `tools[${index}].parameters`
    const found = tool.parameters && schemaProblem(tool.parameters, { patterns: !forced })
    if (found) return problem(param, `Invalid schema for '${param}': ${found}.`)
  }
  const found = text?.format?.type === 'json_schema' ? schemaProblem(text.format.schema, { patterns: false }) : null
  return found === null ? null : problem('text.format.schema', `Invalid schema for 'text.format.schema': ${found}.`)
}
