import { ChatMessage, Sampling } from '@penstock/models'
import { z } from 'zod'
import { pickArguments } from '../openai/arguments.ts'
import type { ParsedOpenAi } from '../openai/parsed.ts'
import { accepted } from '../openai/parsed.ts'
import { problem, problemOf } from '../openai/problem.ts'
import { given, samplingOf, samplingShape, transportShape } from '../openai/sampling.ts'
import { MessageArgument, messageOf } from './messages.ts'
import { responseFormatOf, toolProblem, toolShape, toolsOf } from './tools.ts'

const Arguments = z.object({
  ...transportShape,
  ...samplingShape,
  ...toolShape,
  max_completion_tokens: z.int().min(1).nullish(),
  messages: z.array(MessageArgument).min(1).max(2048),
  continue_final_message: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),
})

/** What a worker needs to ask a model for the next message. */
export const OpenAiChatInput = z.object({
  messages: z.array(ChatMessage),
  continueFinal: z.boolean().optional(),
  ...Sampling.shape,
})
export type OpenAiChatInput = z.infer<typeof OpenAiChatInput>

/** Validates a body of `/v1/chat/completions`. */
export function parseOpenAiChat(body: unknown): ParsedOpenAi<OpenAiChatInput> {
  const picked = pickArguments(body, Object.keys(Arguments.shape))
  if (!picked.ok) return picked
  const parsed = Arguments.safeParse(picked.fields)
  if (!parsed.success) return problemOf(parsed.error)
  const args = parsed.data
  const conflict = toolProblem(args) ?? continueProblem(args) ?? limitProblem(args)
  if (conflict !== null) return conflict
  const choice = args.tool_choice
  const input: OpenAiChatInput = {
    messages: args.messages.map(messageOf),
    ...(args.continue_final_message ? { continueFinal: true } : {}),
    ...samplingOf({ ...args, max_tokens: args.max_completion_tokens ?? args.max_tokens }),
    ...given({
      tools: toolsOf(args),
      toolChoice: choice && typeof choice === 'object' ? { name: choice.function.name } : choice,
      parallelToolCalls: args.tools ? args.parallel_tool_calls : undefined,
      responseFormat: responseFormatOf(args.response_format),
    }),
  }
  return accepted(input, args)
}

type ChatArguments = z.infer<typeof Arguments>

/** vLLM's own pair of switches for a prefilled answer; GitLab's gateway sends it for Mistral. Only the pair makes sense. */
function continueProblem(args: ChatArguments) {
  const continues = args.continue_final_message ?? false
  const opensTurn = args.add_generation_prompt ?? true
  if (continues === opensTurn) {
    const param = continues ? 'continue_final_message' : 'add_generation_prompt'
    return problem(
      param,
      "'continue_final_message: true' and 'add_generation_prompt: false' are only allowed together.",
    )
  }
  const last = args.messages.at(-1)
  if (continues && (last?.role !== 'assistant' || last.content == null || last.tool_calls?.length)) {
    return problem(
      'continue_final_message',
      "'continue_final_message' needs an assistant message with text at the end.",
    )
  }
  return null
}

function limitProblem({ max_tokens: old, max_completion_tokens: current }: ChatArguments) {
  if (old == null || current == null || old === current) return null
  return problem('max_tokens', "'max_tokens' and 'max_completion_tokens' are the same limit: give one of them.")
}
