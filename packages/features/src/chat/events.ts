/** What a chat step tells GitLab, one JSON object on each line (contract http §8.5.4). */
export type ChatEvent =
  | {
      readonly type: 'final_answer_delta'
      readonly data: { readonly text: string; readonly finish_reason: string | null }
    }
  | {
      readonly type: 'action'
      readonly data: { readonly tool: string; readonly tool_input: string; readonly thought: string }
    }
  | { readonly type: 'unknown'; readonly data: { readonly text: string } }
  | { readonly type: 'error'; readonly data: { readonly message: string; readonly retryable: boolean } }

export function deltaEvent(text: string, finishReason: string | null = null): ChatEvent {
  return { type: 'final_answer_delta', data: { text, finish_reason: finishReason } }
}

/** GitLab shows its own text for some messages; `tool not available` is one of them. */
export function errorEvent(message: string, retryable = false): ChatEvent {
  return { type: 'error', data: { message, retryable } }
}

export function eventLine(event: ChatEvent): string {
  return `${JSON.stringify(event)}\n`
}
