import type { ChatMessage, ContentPart, ToolCall } from '@penstock/models'
import { z } from 'zod'
import { JsonObject } from '../openai/json-object.ts'

/*
 * Blocks carry marks for a vendor's caches and citations: members that are not known here are dropped, and none of them reaches a
 * node, because its body is rebuilt.
 */
const TextBlock = z.object({ type: z.literal('text'), text: z.string() })

/** An image travels inside the request or not at all: a node must never fetch an address a client chose. */
const ImageBlock = z.object({
  type: z.literal('image'),
  source: z.object({
    type: z.literal('base64', { error: 'only images inside the request (base64) are accepted' }),
    media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
    data: z.string().regex(/^[A-Za-z0-9+/=]+$/, 'must be base64'),
  }),
})

/** What a document says, where it is plain text. */
const DocumentBlock = z.object({
  type: z.literal('document'),
  source: z.object({
    type: z.literal('text', { error: 'only plain text documents are accepted' }),
    media_type: z.literal('text/plain').optional(),
    data: z.string(),
  }),
  title: z.string().nullish(),
})

const ToolId = z.string().min(1).max(256)
const ToolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: ToolId,
  name: z.string().min(1).max(128),
  input: JsonObject,
})
const ToolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: ToolId,
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [TextBlock, ImageBlock]))]).nullish(),
  is_error: z.boolean().nullish(),
})

/** What a model thought in an earlier turn: no other model is helped by it. */
const ThinkingBlock = z.object({ type: z.enum(['thinking', 'redacted_thinking']) })

const UserBlock = z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, ToolResultBlock])
const AssistantBlock = z.discriminatedUnion('type', [TextBlock, ToolUseBlock, ThinkingBlock])

export const MessageArgument = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: z.union([z.string(), z.array(UserBlock).min(1)]) }),
  z.object({ role: z.literal('assistant'), content: z.union([z.string(), z.array(AssistantBlock)]) }),
])
export type MessageArgument = z.infer<typeof MessageArgument>

export const SystemArgument = z.union([z.string(), z.array(TextBlock)])

/** The system prompt as a message; none when there is no text in it. */
export function systemMessages(system: z.infer<typeof SystemArgument> | null | undefined): ChatMessage[] {
  const text = typeof system === 'string' ? system : (system ?? []).map((block) => block.text).join('\n')
  return text === '' ? [] : [{ role: 'system', content: text }]
}

/** A message as models are asked with it: results of tools are messages of their own, ahead of what else the user says. */
export function messagesOf(message: MessageArgument): ChatMessage[] {
  if (typeof message.content === 'string') return [{ role: message.role, content: message.content }]
  return message.role === 'user' ? userMessages(message.content) : assistantMessages(message.content)
}

function userMessages(blocks: readonly z.infer<typeof UserBlock>[]): ChatMessage[] {
  const results: ChatMessage[] = []
  const said: ContentPart[] = []
  for (const block of blocks) {
    if (block.type === 'tool_result') results.push(toolMessage(block))
    else said.push(partOf(block))
  }
  return said.length === 0 ? results : [...results, { role: 'user', content: plainOr(said) }]
}

/** OpenAI's form has no mark for a result that is an error: the text says so. */
function toolMessage(block: z.infer<typeof ToolResultBlock>): ChatMessage {
  const { content } = block
  const parts: ContentPart[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []).map(partOf)
  const marked: ContentPart[] = block.is_error ? [{ type: 'text', text: 'Error: ' }, ...parts] : parts
  return { role: 'tool', toolCallId: block.tool_use_id, content: plainOr(marked) }
}

function partOf(block: z.infer<typeof TextBlock | typeof ImageBlock | typeof DocumentBlock>): ContentPart {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'image':
      return { type: 'image', dataUrl: `data:${block.source.media_type};base64,${block.source.data}` }
    case 'document':
      return { type: 'text', text: block.title ? `${block.title}\n\n${block.source.data}` : block.source.data }
  }
}

/** Parts that are all text are one text: chat templates of older models know no parts. */
function plainOr(parts: readonly ContentPart[]): string | ContentPart[] {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  if (texts.length < parts.length) return [...parts]
  return texts[0] === 'Error: ' ? texts.join('') : texts.join('\n')
}

function assistantMessages(blocks: readonly z.infer<typeof AssistantBlock>[]): ChatMessage[] {
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  const toolCalls: ToolCall[] = blocks.flatMap((block) =>
    block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }] : [],
  )
  if (texts.length === 0 && toolCalls.length === 0) return []
  return [
    {
      role: 'assistant',
      content: texts.length === 0 ? null : texts.join(''),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    },
  ]
}
