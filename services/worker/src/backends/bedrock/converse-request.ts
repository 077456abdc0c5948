import type {
  ContentBlock,
  ConverseStreamRequest,
  ImageFormat,
  Message,
  SystemContentBlock,
  ToolConfiguration,
  ToolResultContentBlock,
} from '@aws-sdk/client-bedrock-runtime'
import { isRecord } from '@penstock/models'
import type { ChatCall, ChatMessage, ContentPart, ModelCall, Sampling } from '@penstock/models'

export type ConverseRequest =
  | { readonly kind: 'request'; readonly request: ConverseStreamRequest }
  /** Bedrock has no way to be asked this; the message is safe for the client. */
  | { readonly kind: 'unsupported'; readonly message: string }

/** A model call as Bedrock's Converse API takes it: one API for all its models, and only what it has for all of them. */
export function converseRequest(call: ModelCall, modelId: string): ConverseRequest {
  if (call.kind !== 'chat') return unsupported(`a request of kind '${call.kind}'`)
  if (call.seed !== undefined) return unsupported("'seed'")
  if (call.presencePenalty !== undefined) return unsupported("'presence_penalty'")
  if (call.frequencyPenalty !== undefined) return unsupported("'frequency_penalty'")
  if (call.parallelToolCalls === false) return unsupported("'parallel_tool_calls: false'")
  if (call.responseFormat?.type === 'json_object') return unsupported("'response_format' without a schema")
  // A call without tools must not speak of them, so what they did becomes text.
  const tools = call.toolChoice === 'none' ? undefined : toolConfig(call)
  const system: SystemContentBlock[] = call.messages.flatMap((message) =>
    message.role === 'system' || message.role === 'developer' ? textBlocks(message) : [],
  )
  const messages = turns(call.messages, tools !== undefined)
  if (messages === null) return unsupported('an earlier tool call whose arguments are no JSON object')
  return {
    kind: 'request',
    request: {
      modelId,
      messages,
      ...(system.length === 0 ? {} : { system }),
      inferenceConfig: {
        maxTokens: call.maxTokens,
        temperature: call.temperature,
        topP: call.topP,
        stopSequences: call.stop?.length ? call.stop : undefined,
      },
      ...(tools === undefined ? {} : { toolConfig: tools }),
      ...outputConfig(call.responseFormat),
    },
  }
}

function unsupported(what: string): ConverseRequest {
  return { kind: 'unsupported', message: `The server of this model has no ${what}.` }
}

function toolConfig({ tools, toolChoice }: ChatCall): ToolConfiguration | undefined {
  if (!tools?.length) return undefined
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      toolSpec: {
        name,
        ...(description ? { description } : {}),
        inputSchema: { json: (parameters ?? { type: 'object', properties: {} }) as never },
      },
    })),
    ...(toolChoice === 'required' ? { toolChoice: { any: {} } } : {}),
    ...(typeof toolChoice === 'object' ? { toolChoice: { tool: { name: toolChoice.name } } } : {}),
  }
}

function outputConfig(format: Sampling['responseFormat']): Pick<ConverseStreamRequest, 'outputConfig'> {
  if (format?.type !== 'json_schema') return {}
  const { name, description, schema } = format
  const jsonSchema = { name, schema: JSON.stringify(schema ?? {}), ...(description ? { description } : {}) }
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } }
}

/** User and assistant take turns; results of tools are the user's. Null: an earlier call cannot be told. */
function turns(messages: readonly ChatMessage[], withTools: boolean): Message[] | null {
  const found: { role: 'user' | 'assistant'; content: ContentBlock[] }[] = []
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') continue
    const blocks = withTools ? blocksOf(message) : toldBlocks(message)
    if (blocks === null) return null
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = found.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else if (blocks.length > 0) found.push({ role, content: blocks })
  }
  return found
}

function blocksOf(message: ChatMessage): ContentBlock[] | null {
  if (message.role === 'tool') {
    const content: ToolResultContentBlock[] = textBlocks(message)
    return [{ toolResult: { toolUseId: message.toolCallId, content: content.length > 0 ? content : [{ text: '-' }] } }]
  }
  if (message.role !== 'assistant') return contentBlocks(message)
  const uses: ContentBlock[] = []
  for (const { id, name, arguments: args } of message.toolCalls ?? []) {
    const input = jsonObject(args)
    if (input === null) return null
    uses.push({ toolUse: { toolUseId: id, name, input: input as never } })
  }
  return [...textBlocks(message), ...uses]
}

/** The same for a call without tools: what was called and came of it, in words. */
function toldBlocks(message: ChatMessage): ContentBlock[] {
  if (message.role === 'tool') return [{ text: `Result of tool call ${message.toolCallId}:` }, ...textBlocks(message)]
  if (message.role !== 'assistant') return contentBlocks(message)
  const calls = (message.toolCalls ?? []).map(({ id, name, arguments: args }) => ({
    text: `Tool call ${id}: ${name} ${args}`,
  }))
  return [...textBlocks(message), ...calls]
}

function contentBlocks(message: ChatMessage): ContentBlock[] {
  return Array.isArray(message.content) ? message.content.flatMap(partBlocks) : textBlocks(message)
}

function partBlocks(part: ContentPart): ContentBlock[] {
  if (part.type === 'text') return part.text.trim() === '' ? [] : [{ text: part.text }]
  const [, format = '', data = ''] = /^data:image\/(\w+);base64,(.*)$/s.exec(part.dataUrl) ?? []
  return [{ image: { format: format as ImageFormat, source: { bytes: Buffer.from(data, 'base64') } } }]
}

/** Bedrock refuses blocks without text. */
function textBlocks(message: ChatMessage): { text: string }[] {
  const { content } = message
  const texts = Array.isArray(content)
    ? content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    : [content]
  return texts.flatMap((text) => (text === null || text.trim() === '' ? [] : [{ text }]))
}

function jsonObject(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {}
  try {
    const json: unknown = JSON.parse(text)
    return isRecord(json) ? json : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
