import { estimateTokens, textOf } from '@penstock/models'
import type { ChatMessage, Tool } from '@penstock/models'
import { fillTemplate } from '../prompt/template.ts'
import { shortened } from './fit-question.ts'
import type { ChatInput, ChatStep, ChatTurn } from './input.ts'
import { contextItem, nativeSystem, observation, textStep, textSystem, toolLine, userTurn } from './prompt.ts'
import { chatTools } from './tools.ts'

/** How a model takes tools: it calls them itself, or writes what it wants; the latter may begin in a reply that is already opened. */
export type ToolForm = 'native' | 'text' | 'opened-text'

/** Tokens around each message. */
const messageTokens = 8

/** The word that opens a thought in a reply the model goes on with. */
const openedThought = 'Thought:'

/**
 * The messages of one step. When they are larger than the model's room, the oldest exchanges go first, then the largest texts of the
 * question lose their ends.
 */
export function chatMessages(input: ChatInput, form: ToolForm, roomTokens: number): ChatMessage[] {
  const system: ChatMessage = { role: 'system', content: systemText(input, form) }
  const question = shortened(input, roomTokens - tokensOf([system]))
  const last = question.turns.at(-1)
  const current: ChatMessage[] = [
    ...(last === undefined ? [] : [{ role: 'user', content: userText(last) } as const]),
    ...stepMessages(question.steps, form),
  ]
  let left = roomTokens - tokensOf([system, ...current])
  const history: ChatMessage[] = []
  for (const turn of question.turns.slice(0, -1).reverse()) {
    const message = turnMessage(turn)
    left -= tokensOf([message])
    if (left < 0) break
    history.unshift(message)
  }
  // Templates want the user to begin.
  while (history[0]?.role === 'assistant') history.shift()
  return merged([system, ...history, ...current])
}

/** The tools as functions of the OpenAI API. */
export function nativeTools(input: ChatInput): Tool[] {
  return input.tools.map((name) => ({
    name,
    description: chatTools[name].description.replaceAll('Action Input', '`input`'),
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: `For example: ${chatTools[name].example}` } },
      required: ['input'],
    },
  }))
}

function systemText({ tools, unavailable, today }: ChatInput, form: ToolForm): string {
  const lines = tools.map((name) => {
    const { description, example } = chatTools[name]
    return fillTemplate(toolLine, { name, description, example })
  })
  return fillTemplate(form === 'native' ? nativeSystem : textSystem, {
    tools: lines.join('\n'),
    toolless: tools.length === 0 ? 'yes' : '',
    reachable: tools.map((name) => chatTools[name].resource).join(', ') || 'nothing',
    unavailable: unavailable.join(', '),
    today,
  })
}

function userText({ content, page, file, context }: ChatTurn): string {
  const items = context.map(({ category, id, content: text }) =>
    fillTemplate(contextItem, { category, id, content: text }),
  )
  return fillTemplate(userTurn, {
    page,
    path: file?.path ?? '',
    selection: file?.selected ? file.data : '',
    file: file?.selected === false ? file.data : '',
    context: items.join('\n'),
    message: content,
  })
}

/** An answer of an earlier question: what its tools found, then what was said. */
function turnMessage(turn: ChatTurn): ChatMessage {
  if (turn.role === 'user') return { role: 'user', content: userText(turn) }
  const found = turn.steps.filter((step) => step.observation !== '').map(observed)
  return { role: 'assistant', content: [...found, `Final Answer: ${turn.content}`].join('\n') }
}

function stepMessages(steps: readonly ChatStep[], form: ToolForm): ChatMessage[] {
  switch (form) {
    case 'native':
      return steps.flatMap((step, index): ChatMessage[] => {
        const id = `step-${index + 1}`
        const call = { id, name: step.tool, arguments: JSON.stringify({ input: step.toolInput }) }
        return [
          { role: 'assistant', content: step.thought || null, toolCalls: [call] },
          { role: 'tool', content: step.observation, toolCallId: id },
        ]
      })
    case 'text':
      return steps.flatMap((step): ChatMessage[] => [
        { role: 'assistant', content: fillTemplate(textStep, step) },
        { role: 'user', content: observed(step) },
      ])
    case 'opened-text': {
      const done = steps.map((step) => `${openedThought} ${fillTemplate(textStep, step)}\n${observed(step)}`)
      return [{ role: 'assistant', content: [...done, openedThought].join('\n') }]
    }
  }
}

function observed(step: ChatStep): string {
  return fillTemplate(observation, { observation: step.observation })
}

/** Chat templates refuse two turns of one role in a row. */
function merged(messages: readonly ChatMessage[]): ChatMessage[] {
  const all: ChatMessage[] = []
  for (const message of messages) {
    const before = all.at(-1)
    if (before !== undefined && before.role === message.role && isPlain(before) && isPlain(message))
      all[all.length - 1] = { ...before, content: `${textOf(before)}\n\n${textOf(message)}` } as ChatMessage
    else all.push(message)
  }
  return all
}

function isPlain(message: ChatMessage): boolean {
  return message.role !== 'tool' && !('toolCalls' in message)
}

/** What messages take, on the high side. */
export function tokensOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => sum + messageTokens + estimateTokens(textOf(message)), 0)
}
