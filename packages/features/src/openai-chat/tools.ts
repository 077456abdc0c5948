import type { ResponseFormat, Tool } from '@penstock/models'
import { z } from 'zod'
import { JsonObject } from '../openai/json-object.ts'
import type { OpenAiProblem } from '../openai/problem.ts'
import { problem } from '../openai/problem.ts'
import { given } from '../openai/sampling.ts'
import { schemaProblem } from '../openai/schema-limits.ts'

const FunctionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)

const ToolArgument = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: FunctionName,
    description: z.string().nullish(),
    parameters: JsonObject.nullish(),
    strict: z.boolean().nullish(),
  }),
})

const ResponseFormatArgument = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: FunctionName,
      description: z.string().nullish(),
      schema: JsonObject.nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
])

export const toolShape = {
  tools: z.array(ToolArgument).min(1).max(128).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: FunctionName }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormatArgument.nullish(),
}

const ToolArguments = z.object(toolShape)
export type ToolArguments = z.infer<typeof ToolArguments>

/** What the shape alone cannot say about tools and schemas, or null. */
export function toolProblem(args: ToolArguments): OpenAiProblem | null {
  const forced = args.tool_choice === 'required' || typeof args.tool_choice === 'object'
  const choice = typeof args.tool_choice === 'object' ? args.tool_choice?.function.name : undefined
  if (args.tool_choice != null && args.tool_choice !== 'none' && !args.tools) {
    return problem('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.")
  }
  if (choice !== undefined && !args.tools?.some((tool) => tool.function.name === choice)) {
    return problem('tool_choice', "'tool_choice' names a function that is not in 'tools'.")
  }
  for (const [index, tool] of (args.tools ?? []).entries()) {
    const param = `tools[${index}].function.parameters`
    const found = tool.function.parameters && schemaProblem(tool.function.parameters, { patterns: !forced })
    if (found) return problem(param, `Invalid schema for '${param}': ${found}.`)
  }
  if (args.response_format?.type !== 'json_schema' || !args.response_format.json_schema.schema) return null
  const param = 'response_format.json_schema.schema'
  const found = schemaProblem(args.response_format.json_schema.schema, { patterns: false })
  return found === null ? null : problem(param, `Invalid schema for '${param}': ${found}.`)
}

export function toolsOf(args: ToolArguments): Tool[] | undefined {
  return args.tools?.map(({ function: { name, ...rest } }) => ({ name, ...given(rest) }))
}

/** Plain text needs no format. */
export function responseFormatOf(format: ToolArguments['response_format']): ResponseFormat | undefined {
  if (!format || format.type === 'text') return undefined
  if (format.type === 'json_object') return format
  const { name, ...rest } = format.json_schema
  return { type: 'json_schema', name, ...given(rest) }
}
