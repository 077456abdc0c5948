import type { ChatCall, ModelCall, Sampling, Tool } from './call.ts'
import { continuation } from './continuation.ts'
import type { Said } from './continuation.ts'
import type { ChatMessage } from './message.ts'
import type { WireProfile } from './profile.ts'
import { capabilities } from './profile.ts'
import { reasoningOf, reasoningReserveTokens } from './reasoning.ts'
import type { Reasoning } from './reasoning.ts'

export interface WireOptions {
  /** The name the node serves the model under. */
  readonly servedName: string
  readonly profile: WireProfile
  /** False for servers that cannot stream: the whole answer comes at once. Default true. */
  readonly stream?: boolean | undefined
  /** Which field limits the output; by the model's name when absent. */
  readonly maxTokensField?: MaxTokensField | undefined
  /** How the model thinks; by its name when absent. */
  readonly reasoning?: Reasoning | undefined
  /** What earlier attempts delivered: the call asks for the rest. */
  readonly said?: Said | undefined
  /** Separates prefix caches of tenants. Ours alone: no client value ever gets here. */
  readonly cacheSalt?: string | undefined
  /** vLLM's priority, lower runs earlier. Only for nodes that schedule by priority: others may refuse it. */
  readonly priority?: number | undefined
}

export type MaxTokensField = 'max_tokens' | 'max_completion_tokens'
export type WirePath = '/chat/completions' | '/completions' | '/embeddings'
export type WireBody = Readonly<Record<string, unknown>>

export interface WireCall {
  readonly path: WirePath
  readonly body: WireBody
  /** The answer may end with one of these, which is then to be taken off it; none where the server does so. */
  readonly stopStringsLeft: readonly string[]
}

/**
 * The HTTP body for an OpenAI-compatible node, relative to its base URL. Built field by field, so that nothing a client sent can
 * slip through. Streamed wherever the server can, so that stalls show and nothing said is lost with a node.
 */
export function toWire(call: ModelCall, options: WireOptions): WireCall {
  const rest = options.said === undefined ? ({ kind: 'call', call } as const) : continuation(call, options.said)
  if (rest.kind === 'complete') throw new Error('the answer is complete: there is nothing to ask a node')
  const asked = rest.call
  if (asked.kind === 'embedding') {
    const { input, dimensions } = asked
    const body = present({ model: options.servedName, input, dimensions })
    return { path: '/embeddings', body, stopStringsLeft: [] }
  }
  const can = capabilities(options.profile)
  const stream = options.stream ?? true
  const stop = stopStrings(asked, can.stopStringsMax)
  const leavesStop = can.leavesStopStrings && stop.length > 0
  return {
    path: asked.kind === 'chat' ? '/chat/completions' : '/completions',
    body: present({
      model: options.servedName,
      ...(asked.kind === 'chat' ? chatFields(asked) : { prompt: asked.prompt }),
      ...samplingFields(asked, options),
      stop: stop.length > 0 ? stop : undefined,
      include_stop_str_in_output: leavesStop ? true : undefined,
      stream,
      stream_options: stream ? { include_usage: true } : undefined,
      return_token_ids: can.returnTokenIds ? true : undefined,
      cache_salt: can.cacheSalt ? options.cacheSalt : undefined,
      priority: options.priority,
    }),
    stopStringsLeft: leavesStop ? stop : [],
  }
}

function stopStrings({ stop = [], stopTrimmable }: Sampling, max: number): readonly string[] {
  return stopTrimmable ? stop.slice(0, max) : stop
}

function chatFields(call: ChatCall): Record<string, unknown> {
  return {
    messages: call.messages.map(wireMessage),
    ...(call.continueFinal ? { continue_final_message: true, add_generation_prompt: false } : {}),
    tools: call.tools?.map(wireTool),
    tool_choice:
      typeof call.toolChoice === 'object'
        ? { type: 'function', function: { name: call.toolChoice.name } }
        : call.toolChoice,
    parallel_tool_calls: call.parallelToolCalls,
  }
}

function samplingFields(
  sampling: Sampling,
  { servedName, profile, maxTokensField = maxTokensFieldOf(servedName), reasoning: style }: WireOptions,
): Record<string, unknown> {
  const reasoning = sampling.brief ? (style ?? reasoningOf(servedName)) : 'none'
  const { maxTokens, temperature } = sampling
  return {
    [maxTokensField]: maxTokens === undefined ? undefined : maxTokens + reasoningReserveTokens[reasoning],
    temperature: temperature === 1 || takesTemperature(servedName) ? temperature : undefined,
    reasoning_effort: reasoning === 'effort' ? 'low' : undefined,
    chat_template_kwargs: reasoning === 'switch' && profile !== 'openai' ? { enable_thinking: false } : undefined,
    top_p: sampling.topP,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    response_format: wireResponseFormat(sampling.responseFormat),
  }
}

/** Models that know one temperature and refuse to be told another (contract features §1.3, §3.4). */
function takesTemperature(servedName: string): boolean {
  return !/(^|[/.])(gpt-5|o[134](-|$))|claude-(opus-4-[78]|sonnet-5|fable-5|mythos-5)/.test(servedName)
}

/** GPT-5 models refuse `max_tokens`. */
function maxTokensFieldOf(servedName: string): MaxTokensField {
  return /(^|\/)gpt-5/.test(servedName) ? 'max_completion_tokens' : 'max_tokens'
}

function wireMessage(message: ChatMessage): Record<string, unknown> {
  const content =
    typeof message.content === 'object' && message.content !== null ? message.content.map(wirePart) : message.content
  if (message.role === 'tool') return { role: message.role, content, tool_call_id: message.toolCallId }
  const named = present({ role: message.role, content, name: message.name })
  if (message.role !== 'assistant' || message.toolCalls === undefined) return named
  const toolCalls = message.toolCalls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
  return { ...named, tool_calls: toolCalls }
}

function wirePart(part: Exclude<ChatMessage['content'], string | null>[number]): Record<string, unknown> {
  return part.type === 'text'
    ? { type: 'text', text: part.text }
    : { type: 'image_url', image_url: { url: part.dataUrl } }
}

function wireTool(tool: Tool): Record<string, unknown> {
  const { name, description, parameters, strict } = tool
  return { type: 'function', function: present({ name, description, parameters, strict }) }
}

function wireResponseFormat(format: Sampling['responseFormat']): Record<string, unknown> | undefined {
  if (format === undefined || format.type === 'json_object') return format
  const { name, description, schema, strict } = format
  return { type: 'json_schema', json_schema: present({ name, description, schema, strict }) }
}

/** Leaves out what is undefined, so that the body equals its JSON. */
function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
