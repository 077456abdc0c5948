import type { NodeSettings } from '../node-settings.ts'
import { fingerprint } from '../text/byte-hash.ts'
import { toolArguments } from '../text/schema-value.ts'
import type { ChatRequest } from './request.ts'

/** The tools an answer calls, and how it ends then. */
export interface ToolPlan {
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  /** vLLM ends an answer with a named tool with `stop`. */
  readonly finishReason: 'tool_calls' | 'stop'
}

/** Which tools a chat calls; null for none. The request was checked. */
export const chosenTools = (body: ChatRequest, prompt: Uint8Array, settings: NodeSettings): ToolPlan | null => {
  const choice = body.tool_choice ?? 'auto'
  if (body.tools == null || choice === 'none' || body.continue_final_message) return null
  if (choice === 'auto' && (settings.toolCalls === 'never' || body.messages.at(-1)?.role === 'tool')) return null
  const named = typeof choice === 'object'
  const offered = named ? body.tools.filter((tool) => tool.function.name === choice.function.name) : body.tools
  const several = settings.toolCalls === 'all' && body.parallel_tool_calls !== false && !named
  const seed = fingerprint(prompt)
  const calls = offered.slice(0, several ? Infinity : 1).map(({ function: { name, parameters } }, index) => ({
    id: callId(settings.toolParser, { seed, name, index }),
    name,
    arguments: toolArguments(parameters ?? {}, index === 0 ? seed : `${seed}${index}`),
  }))
  return { calls, finishReason: named ? 'stop' : 'tool_calls' }
}

const callId = (
  parser: NodeSettings['toolParser'],
  { seed, name, index }: { seed: string; name: string; index: number },
): string => {
  switch (parser) {
    case 'mistral':
      return `${seed.slice(0, 8)}${index % 10}`
    case 'kimi':
      return `functions.${name}:${index}`
    case 'hermes':
    case null:
      return `chatcmpl-tool-${index === 0 ? seed : fingerprint(Buffer.from(`${seed}${index}`))}`
  }
}
