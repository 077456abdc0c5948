import { families, familyNames, textOf, toWire, traitsOf } from '@penstock/models'
import type { ChatMessage, Family } from '@penstock/models'
import { describe, expect, test } from 'vitest'
import { chat } from './feature.ts'
import type { ChatInput, ChatTurn } from './input.ts'
import { toolNames } from './tools.ts'

const turn = (content: string, more: Partial<ChatTurn> = {}): ChatTurn => ({
  role: 'user',
  content,
  page: '',
  file: null,
  context: [],
  steps: [],
  ...more,
})
const input: ChatInput = {
  turns: [turn('What is blocking #17?', { page: 'issue: Release checklist' })],
  steps: [],
  tools: [...toolNames],
  unavailable: ['Pipelines', 'Vulnerabilities'],
  today: 'Friday, November 20, 2026',
  raw: false,
}
const steps = [{ thought: 'It names one.', tool: 'issue_reader', toolInput: '#17', observation: '<issue>late</issue>' }]
const textFamilies = familyNames.filter((family) => traitsOf(family).generatesText)

const render = (family: Family, more: Partial<ChatInput> = {}, model: object = {}) => {
  const target = {
    family,
    contextTokens: families[family].contextTokens,
    servedName: 'm',
    continuesAnswers: true,
    ...model,
  }
  const call = chat.render({ ...input, ...more }, target)
  if (call?.kind !== 'chat') throw new Error('expected a chat')
  return call
}
const all = (messages: readonly ChatMessage[]): string => messages.map(textOf).join('\n')

test.each([
  ['claude_3', 8192, 0.1, ['Observation:']],
  ['general', 8192, 0.1, ['Observation:']],
  ['mistral', 8192, 0.1, ['Observation:']],
  ['llama3', 4096, 0.1, ['Observation:']],
  ['gpt', 8192, undefined, undefined],
] as const)('%s is asked with %i tokens, temperature %s and stop %j', (family, maxTokens, temperature, stop) => {
  const { body } = toWire(render(family), { servedName: 'm', profile: 'v0.24' })
  expect([body.max_tokens, body.temperature, body.stop]).toEqual([maxTokens, temperature, stop])
})

describe.each(textFamilies)('%s', (family) => {
  test('sees tools, date, page, what is out of reach, and the question', () => {
    const text = all(render(family).messages)
    for (const part of [...toolNames, input.today, 'Release checklist', 'Vulnerabilities', 'What is blocking #17?'])
      expect(text).toContain(part)
  })

  test('sees the steps so far', () => {
    expect(all(render(family, { steps }).messages)).toContain('<issue>late</issue>')
  })

  test("gets turns that alternate, the first of them a user's", () => {
    const turns = [turn('a'), turn('b', { role: 'assistant', steps }), turn('c'), turn('d')]
    const roles = render(family, { turns, steps }).messages.map(({ role }) => role)
    expect(roles.slice(0, 2)).toEqual(['system', 'user'])
    for (const [index, role] of roles.entries()) expect(role).not.toBe(roles[index + 1])
  })

  test('gets a prompt that fits it, whatever the material', () => {
    const huge = 'x'.repeat(500_000)
    const turns = [
      turn(huge),
      turn(huge, { role: 'assistant', steps: [{ ...steps[0]!, observation: huge }] }),
      turn('the question', {
        file: { path: 'a', data: huge, selected: true },
        context: [{ category: 'file', id: 'f', content: huge }],
      }),
    ]
    const call = render(family, { turns, steps: [{ ...steps[0]!, observation: huge }] }, { contextTokens: 8192 })
    expect(Buffer.byteLength(all(call.messages)) / 3).toBeLessThan(8192 - (call.maxTokens ?? 0))
    expect(all(call.messages)).toContain('the question')
  })
})

test('only Mistral goes on with an opened thought, and only where the server can', () => {
  expect(render('mistral', { steps })).toMatchObject({ continueFinal: true })
  expect(render('mistral').messages.at(-1)).toEqual({ role: 'assistant', content: 'Thought:' })
  expect(render('mistral', {}, { continuesAnswers: false }).continueFinal).toBeUndefined()
  for (const family of ['mixtral', 'codestral', 'llama3', 'general', 'gpt'] as const)
    expect(render(family, { steps }).messages.at(-1)?.role).toBe('user')
})

test('a model that calls tools itself gets them as functions, and its calls with their results', () => {
  const call = render('gpt', { steps }, { nativeTools: true })
  expect(call.tools?.map(({ name }) => name)).toEqual([...toolNames])
  expect(call.messages.slice(-2)).toEqual([
    {
      role: 'assistant',
      content: 'It names one.',
      toolCalls: [{ id: 'step-1', name: 'issue_reader', arguments: '{"input":"#17"}' }],
    },
    { role: 'tool', content: '<issue>late</issue>', toolCallId: 'step-1' },
  ])
  expect(render('gpt', { tools: [] }, { nativeTools: true }).tools).toBeUndefined()
  expect(render('gpt').tools).toBeUndefined()
})

test('the newest exchanges are kept when the window is full', () => {
  const turns = Array.from({ length: 41 }, (_, index) =>
    turn(`turn ${index} ${'y'.repeat(2000)}`, { role: index % 2 === 0 ? 'user' : 'assistant' }),
  )
  const text = all(render('llama3', { turns }, { contextTokens: 8192 }).messages)
  expect(text).toContain('turn 40 ')
  expect(text).toContain('turn 39 ')
  expect(text).not.toContain('turn 0 ')
})

test('all of the system prompt but the date is the same for users with the same tools', () => {
  const system = (more: Partial<ChatInput>) => textOf(render('general', more).messages[0]!)
  const today = 'Monday, November 23, 2026'
  expect(system({ turns: [turn('x')], steps, today })).toBe(system({}).replace(input.today, today))
  expect(system({})).toMatch(/Today is Friday, November 20, 2026\.$/)
})

test('a selection is told apart from an open file', () => {
  const file = { path: 'a.rb', data: 'puts 1', selected: true }
  expect(all(render('general', { turns: [turn('q', { file })] }).messages)).toContain(
    '<selected_code file="a.rb">\nputs 1',
  )
  const open = { ...file, selected: false }
  expect(all(render('general', { turns: [turn('q', { file: open })] }).messages)).toContain(
    '<current_file file="a.rb">\nputs 1',
  )
})

test('an identifier for raw text completion asks without a chat template', () => {
  const model = { family: 'llama3', contextTokens: 8192, servedName: 'm' } as const
  expect(chat.render({ ...input, raw: true }, model)).toMatchObject({ kind: 'completion' })
})

test('an input survives its way as JSON', () => {
  const whole = { ...input, steps }
  expect(chat.input.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
})
