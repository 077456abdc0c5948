/** The parts of a chat message that reach the prompt. */
export interface Turn {
  readonly role: string
  readonly content?: string | null | readonly ContentPart[] | undefined
  readonly tool_calls?: readonly unknown[] | null | undefined
  readonly tool_call_id?: string | undefined
}

interface ContentPart {
  readonly type: string
  readonly text?: string | undefined
}

export interface ConversationOptions {
  readonly tools: readonly unknown[]
  /** Opens a turn for the assistant at the end. */
  readonly addGenerationPrompt: boolean
  /** Leaves the last turn open, so that what the model says goes on with it. */
  readonly continueFinalMessage: boolean
}

/** The prompt of a conversation. An open assistant turn is a true prefix of the same turn with text in it: the base of resuming. */
export const renderConversation = (turns: readonly Turn[], options: ConversationOptions): string => {
  let prompt = options.tools.length === 0 ? '' : closed('tools', JSON.stringify(options.tools))
  turns.forEach((turn, index) => {
    const open = options.continueFinalMessage && index === turns.length - 1
    prompt += open ? opened(turn.role) + content(turn) : closed(turn.role, content(turn))
  })
  return options.addGenerationPrompt ? prompt + opened('assistant') : prompt
}

const opened = (role: string): string => `<|${role}|>\n`
const closed = (role: string, text: string): string => `${opened(role)}${text}<|end|>\n`

const content = (turn: Turn): string => {
  const parts = typeof turn.content === 'string' ? [{ type: 'text', text: turn.content }] : (turn.content ?? [])
  const text = parts.map((part: ContentPart) => part.text ?? `<|${part.type}|>`).join('')
  const calls =
    turn.tool_calls == null || turn.tool_calls.length === 0 ? '' : `<|calls|>${JSON.stringify(turn.tool_calls)}`
  const answers = turn.tool_call_id === undefined ? '' : `<|call|>${turn.tool_call_id}\n`
  return answers + text + calls
}
