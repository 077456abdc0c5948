import { z } from 'zod'

const block = z.looseObject({
  type: z.enum(['text', 'image', 'tool_use', 'tool_result', 'tool_reference', 'thinking', 'redacted_thinking']),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).optional(),
})
type MessageBlock = z.infer<typeof block>

const conversation = {
  model: z.string().min(1, 'Model is required'),
  messages: z
    .array(z.object({ role: z.enum(['user', 'assistant', 'system']), content: z.union([z.string(), z.array(block)]) }))
    .min(1),
  system: z.union([z.string(), z.array(block)]).nullish(),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().nullish(),
        input_schema: z.record(z.string(), z.unknown()),
      }),
    )
    .nullish(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().nullish(),
      disable_parallel_tool_use: z.boolean().nullish(),
    })
    .refine(({ type, name }) => type !== 'tool' || (name ?? '') !== '', {
      path: ['name'],
      message: "is required when type is 'tool'",
    })
    .nullish(),
}

/** What `/v1/messages/count_tokens` counts. */
export const CountTokensRequest = z.looseObject(conversation)

/** A request of Anthropic's Messages API. */
export const MessagesRequest = z.looseObject({
  ...conversation,
  max_tokens: z.int().min(1, 'max_tokens must be positive'),
  stop_sequences: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.int().nullish(),
})
export type MessagesRequest = z.infer<typeof MessagesRequest>

/** The members of a chat that a conversation in Anthropic's form becomes. */
export const conversationOf = ({
  model,
  messages,
  system,
  tools,
  tool_choice: choice,
}: z.infer<typeof CountTokensRequest>): object => ({
  model,
  messages: [
    ...systemTurn([system ?? '', ...messages.flatMap(({ role, content }) => (role === 'system' ? [content] : []))]),
    ...messages.flatMap((message) => (message.role === 'system' ? [] : turnsOf(message.role, message.content))),
  ],
  tools: tools?.map(({ name, description, input_schema: parameters }) => ({
    type: 'function',
    function: { name, description, parameters },
  })),
  tool_choice: choice == null ? undefined : toolChoices[choice.type](choice.name),
  parallel_tool_calls: choice?.disable_parallel_tool_use === true ? false : undefined,
})

/** A chat with the answer's limits. */
export const chatOfMessages = (request: MessagesRequest): object => ({
  ...conversationOf(request),
  max_tokens: request.max_tokens,
  stop: request.stop_sequences,
  stream: request.stream,
  temperature: request.temperature,
  top_p: request.top_p,
  top_k: request.top_k,
})

const toolChoices = {
  auto: () => 'auto',
  any: () => 'required',
  none: () => 'none',
  tool: (name: string | null | undefined) => ({ type: 'function', function: { name } }),
} as const satisfies Record<string, (name: string | null | undefined) => unknown>

const textOf = (content: string | readonly { readonly text?: string | undefined }[] | undefined): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('')

const systemTurn = (parts: readonly (string | readonly MessageBlock[])[]): object[] => {
  const text = parts.map(textOf).join('')
  return text === '' ? [] : [{ role: 'system', content: text }]
}

/** Results of tools are turns of their own, before what else the user says; thoughts do not come back. */
const turnsOf = (role: 'user' | 'assistant', content: string | readonly MessageBlock[]): object[] => {
  if (typeof content === 'string') return [{ role, content }]
  const results = content.filter(({ type }) => type === 'tool_result')
  const calls = content.filter(({ type }) => type === 'tool_use')
  const parts = content
    .filter(({ type }) => type === 'text' || type === 'image')
    .map(({ type, text }) => (type === 'image' ? { type: 'image_url' } : { type, text }))
  const turn = {
    role,
    content: parts,
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(input ?? {}) },
      })),
    }),
  }
  return [
    ...results.map((result) => ({ role: 'tool', tool_call_id: result.tool_use_id, content: textOf(result.content) })),
    ...(parts.length + calls.length > 0 ? [turn] : []),
  ]
}
