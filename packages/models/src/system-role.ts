import type { ModelCall } from './call.ts'
import type { ChatMessage } from './message.ts'
import { textOf } from './message.ts'

/**
 * The same call for a model whose chat template knows no system role (Gemma's, and Mistral's of before 2024): what a system says opens
 * the first turn of the user.
 */
export function withoutSystemRole(call: ModelCall): ModelCall {
  if (call.kind !== 'chat') return call
  const systems = call.messages.filter(isSystem)
  if (systems.length === 0) return call
  const others = call.messages.filter((message) => !isSystem(message))
  const instructions = systems.map(textOf).join('\n\n')
  const [first, ...rest] = others
  if (first?.role !== 'user') return { ...call, messages: [{ role: 'user', content: instructions }, ...others] }
  const content =
    typeof first.content === 'string'
      ? `${instructions}\n\n${first.content}`
      : [{ type: 'text' as const, text: `${instructions}\n\n` }, ...first.content]
  return { ...call, messages: [{ ...first, content }, ...rest] }
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}
