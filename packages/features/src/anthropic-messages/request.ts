import type { Sampling, Tool } from '@penstock/models'
import { z } from 'zod'
import type { OpenAiChatInput } from '../openai-chat/request.ts'
import { isObject, JsonObject } from '../openai/json-object.ts'
import type { OpenAiProblem } from '../openai/problem.ts'
import { problem, problemOf } from '../openai/problem.ts'
import { given } from '../openai/sampling.ts'
import { schemaProblem } from '../openai/schema-limits.ts'
import { MessageArgument, messagesOf, SystemArgument, systemMessages } from './content.ts'

/** Change nothing about the answer here: accepted, and kept from the nodes. */
const unforwarded = ['metadata', 'service_tier', 'context_management', 'cache_control', 'inference_geo', 'speed']

const ToolArgument = z.object({
  // The vendor's own tools have dated types, and run at the vendor's.
  type: z.literal('custom', { error: "only tools of type 'custom' are available" }).nullish(),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().nullish(),
  input_schema: JsonObject,
  strict: z.boolean().nullish(),
})

const ToolChoice = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['auto', 'any']), disable_parallel_tool_use: z.boolean().nullish() }),
  z.object({ type: z.literal('tool'), name: z.string(), disable_parallel_tool_use: z.boolean().nullish() }),
  z.object({ type: z.literal('none') }),
])

const JsonFormat = z.object({ type: z.literal('json_schema'), schema: JsonObject })

const shape = {
  model: z.string().min(1).max(255),
  max_tokens: z.int().min(1),
  messages: z.array(MessageArgument).min(1).max(4096),
  system: SystemArgument.nullish(),
  stop_sequences: z.array(z.string().min(1).max(256)).max(16).nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(ToolArgument).max(128).nullish(),
  tool_choice: ToolChoice.nullish(),
  thinking: z.object({ type: z.enum(['enabled', 'disabled', 'adaptive']) }).nullish(),
  output_config: z.object({ effort: z.string().nullish(), format: JsonFormat.nullish() }).nullish(),
  stream: z.boolean().nullish(),
}
const Arguments = z.object(shape)
type Arguments = z.infer<typeof Arguments>

export type ParsedMessages =
  | {
      readonly ok: true
      readonly input: OpenAiChatInput
      readonly stream: boolean
      readonly includeUsage: boolean
      readonly model: string
      /** Whether the client wants to see what the model thinks. */
      readonly thinking: boolean
    }
  | OpenAiProblem

/** Validates a body of Anthropic's `/v1/messages`. */
export function parseAnthropicMessages(body: unknown): ParsedMessages {
  const parsed = read(body, Arguments)
  if (!parsed.ok) return parsed
  const { args } = parsed
  const conflict = toolProblem(args) ?? schemasProblem(args)
  if (conflict !== null) return conflict
  const messages = args.messages.flatMap(messagesOf)
  const last = messages.at(-1)
  if (last === undefined) return problem('messages', 'messages: at least one message needs content')
  if (last.role === 'assistant' && last.toolCalls !== undefined)
    return problem('messages', 'messages: tool_use ids need tool_result blocks in the next message')
  return {
    ok: true,
    input: {
      messages: [...systemMessages(args.system), ...messages],
      // An assistant message at the end is the beginning of the answer.
      ...(last.role === 'assistant' ? { continueFinal: true } : {}),
      ...samplingOf(args),
    },
    stream: args.stream ?? false,
    includeUsage: true,
    model: args.model,
    thinking: args.thinking?.type === 'enabled' || args.thinking?.type === 'adaptive',
  }
}

/** What counts towards a prompt's size: a body of `/v1/messages/count_tokens`. */
export function parseTokenCount(body: unknown): { readonly ok: true; readonly input: OpenAiChatInput } | OpenAiProblem {
  if (!isObject(body)) return problem(null, 'The request body must be a JSON object.')
  const parsed = parseAnthropicMessages({ ...body, max_tokens: 1, stream: false })
  return parsed.ok ? { ok: true, input: parsed.input } : parsed
}

function read(
  body: unknown,
  schema: typeof Arguments,
): { readonly ok: true; readonly args: Arguments } | OpenAiProblem {
  if (!isObject(body)) return problem(null, 'The request body must be a JSON object.')
  // An argument that is silently dropped gives an answer the client did not ask for.
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(shape, name) && !unforwarded.includes(name))
  if (unknown !== undefined) return problem(unknown, `${unknown.slice(0, 128)}: not available here`)
  const parsed = schema.safeParse(body)
  return parsed.success ? { ok: true, args: parsed.data } : problemOf(parsed.error)
}

function samplingOf(args: Arguments): Sampling {
  const { tool_choice: choice } = args
  const format = args.output_config?.format
  return given({
    maxTokens: args.max_tokens,
    temperature: args.temperature,
    topP: args.top_p,
    stop: args.stop_sequences?.length ? args.stop_sequences : undefined,
    tools: args.tools?.length ? args.tools.map(toolOf) : undefined,
    toolChoice: toolChoiceOf(choice),
    parallelToolCalls: choice && choice.type !== 'none' && choice.disable_parallel_tool_use ? false : undefined,
    responseFormat: format ? ({ type: 'json_schema', name: 'answer', schema: format.schema } as const) : undefined,
  })
}

function toolOf({ name, description, input_schema: parameters, strict }: z.infer<typeof ToolArgument>): Tool {
  return { name, parameters, ...given({ description, strict }) }
}

function toolChoiceOf(choice: Arguments['tool_choice']): Sampling['toolChoice'] {
  if (!choice) return undefined
  if (choice.type === 'tool') return { name: choice.name }
  return choice.type === 'any' ? 'required' : choice.type
}

function toolProblem({ tools, tool_choice: choice }: Arguments): OpenAiProblem | null {
  if (!choice || choice.type === 'none') return null
  if (!tools?.length) return problem('tool_choice', 'tool_choice: only allowed together with tools')
  if (choice.type === 'tool' && !tools.some(({ name }) => name === choice.name))
    return problem('tool_choice', 'tool_choice: names a tool that is not in tools')
  return null
}

function schemasProblem({ tools, tool_choice: choice, output_config: output }: Arguments): OpenAiProblem | null {
  const forced = choice?.type === 'any' || choice?.type === 'tool'
  for (const [index, tool] of (tools ?? []).entries()) {
    const found = schemaProblem(tool.input_schema, { patterns: !forced })
    if (found !== null) return problem(`tools.${index}.input_schema`, `tools.${index}.input_schema: ${found}`)
  }
  const found = output?.format ? schemaProblem(output.format.schema, { patterns: false }) : null
  return found === null ? null : problem('output_config.format.schema', `output_config.format.schema: ${found}`)
}
