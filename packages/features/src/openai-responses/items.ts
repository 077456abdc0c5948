import type { ChatMessage, ToolCall } from '@penstock/models'
import { z } from 'zod'

/** What is text in a message, whoever said it. */
const TextPart = z.object({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() })
/** An image travels inside the request or not at all: a node must never fetch an address a client chose. */
const ImagePart = z.object({
  type: z.literal('input_image'),
  image_url: z.string().refine((url) => /^data:image\/(png|jpeg|webp|gif);base64,/.test(url), {
    error: 'only images inside a data: URL (png, jpeg, webp, gif; base64) are accepted',
  }),
})

const Message = z.object({
  type: z.literal('message').optional(),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, ImagePart]))]),
})
const FunctionCall = z.object({
  type: z.literal('function_call'),
  call_id: z.string().min(1).max(256),
  name: z.string().min(1).max(64),
  arguments: z.string(),
})
const FunctionOutput = z.object({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1).max(256),
  output: z.union([z.string(), z.array(TextPart)]),
})
/** What a model thought in an earlier turn: no other model is helped by it. */
const Reasoning = z.object({ type: z.literal('reasoning') })

export const InputItem = z.union([FunctionCall, FunctionOutput, Reasoning, Message])
export type InputItem = z.infer<typeof InputItem>

/** Items as messages: calls that follow one another, or what the assistant said before them, are one message. */
export function messagesOf(items: readonly InputItem[]): ChatMessage[] {
  const messages: ChatMessage[] = []
  for (const item of items) {
    if (item.type === 'reasoning') continue
    if (item.type === 'function_call')
      addCall(messages, { id: item.call_id, name: item.name, arguments: item.arguments })
    else if (item.type === 'function_call_output')
      messages.push({ role: 'tool', toolCallId: item.call_id, content: textOf(item.output) })
    else messages.push(messageOf(item))
  }
  return messages
}

function addCall(messages: ChatMessage[], call: ToolCall): void {
  const last = messages.at(-1)
  if (last?.role === 'assistant')
    messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] }
  else messages.push({ role: 'assistant', content: null, toolCalls: [call] })
}

function messageOf({ role, content }: z.infer<typeof Message>): ChatMessage {
  if (typeof content === 'string') return { role, content }
  const texts = content.flatMap((part) => (part.type === 'input_image' ? [] : [part.text]))
  if (role === 'assistant') return { role, content: texts.join('') }
  if (texts.length === content.length) return { role, content: texts.join('\n') }
  return {
    role,
    content: content.map((part) =>
      part.type === 'input_image' ? { type: 'image', dataUrl: part.image_url } : { type: 'text', text: part.text },
    ),
  }
}

function textOf(output: z.infer<typeof FunctionOutput>['output']): string {
  return typeof output === 'string' ? output : output.map(({ text }) => text).join('\n')
}
