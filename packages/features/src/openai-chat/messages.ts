import type { ChatMessage } from '@penstock/models'
import { z } from 'zod'
import { given } from '../openai/sampling.ts'

const TextPart = z.object({ type: z.literal('text'), text: z.string() })

/*
 * Clients send answers back as their library parsed them, and mark parts for caches of other vendors: members of a message that
 * are not known here are dropped. None of them reaches a node, because its body is rebuilt.
 */

/** An image travels inside the request or not at all: a node must never fetch an address a client chose. */
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({
    url: z.string().refine((url) => /^data:image\/(png|jpeg|webp|gif);base64,/.test(url), {
      error: 'only images inside a data: URL (png, jpeg, webp, gif; base64) are accepted',
    }),
    detail: z.enum(['auto', 'low', 'high']).nullish(),
  }),
})

const Parts = z.array(z.discriminatedUnion('type', [TextPart, ImagePart])).min(1)
const TextParts = z.array(TextPart).min(1)
const Name = z.string().min(1).max(64).nullish()

const ToolCall = z.object({
  id: z.string().min(1).max(256),
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1).max(64), arguments: z.string() }),
})

const AssistantMessage = z
  .object({
    role: z.literal('assistant'),
    content: z.union([z.string(), TextParts]).nullish(),
    name: Name,
    tool_calls: z.array(ToolCall).max(128).nullish(),
  })
  .refine((message) => message.content != null || message.tool_calls?.length, {
    error: 'an assistant message needs content or tool_calls',
    path: ['content'],
  })

export const MessageArgument = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: z.union([z.string(), TextParts]), name: Name }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), Parts]), name: Name }),
  AssistantMessage,
  z.object({
    role: z.literal('tool'),
    content: z.union([z.string(), TextParts]),
    tool_call_id: z.string().min(1).max(256),
    name: Name,
  }),
])
export type MessageArgument = z.infer<typeof MessageArgument>

/** A message as models are asked with it. */
export function messageOf(message: MessageArgument): ChatMessage {
  switch (message.role) {
    case 'assistant': {
      const calls = message.tool_calls?.map(({ id, function: called }) => ({
        id,
        name: called.name,
        arguments: called.arguments,
      }))
      const content = Array.isArray(message.content)
        ? message.content.map(({ text }) => text).join('\n')
        : (message.content ?? null)
      return {
        role: 'assistant',
        content,
        ...given({ name: message.name, toolCalls: calls?.length ? calls : undefined }),
      }
    }
    case 'tool':
      return { role: 'tool', content: contentOf(message.content), toolCallId: message.tool_call_id }
    case 'system':
    case 'developer':
    case 'user':
      return { role: message.role, content: contentOf(message.content), ...given({ name: message.name }) }
  }
}

function contentOf(
  content: Extract<MessageArgument, { role: 'user' }>['content'],
): Exclude<ChatMessage['content'], null> {
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part : { type: 'image', dataUrl: part.image_url.url }))
}
