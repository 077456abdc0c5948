import { expect, test } from 'vitest'
import type { Family } from '@penstock/models'
import { toWire } from '@penstock/models'
import { codeCompletion } from './feature.ts'

const input = {
  prefix: 'def mean(values):\n    total = ',
  suffix: '\n\nif __name__ == "__main__":\n    main()\n',
  fileName: 'stats.py',
  language: 'python',
  context: [],
  project: 'acme/stats',
  raw: false,
}
const render = (family: Family, fields: object = {}) => {
  const call = codeCompletion.render({ ...input, ...fields }, { family, contextTokens: 128_000, servedName: 'm' })
  if (call?.kind !== 'chat') throw new Error('expected a chat')
  return call
}
const P = input.prefix
const S = input.suffix
const codestralStops = ['[INST]', '[/INST]', '[PREFIX]', '[MIDDLE]', '[SUFFIX]']

test.each([
  ['codegemma', 128, 0.95, ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>']],
  ['codellama', 128, 0.95, ['<PRE>', '<SUF>', '<MID>', '<EOT>']],
  ['codestral', 64, 0.32, codestralStops],
  ['deepseekcoder', 128, 0, undefined],
  ['mistral', 64, 0, codestralStops],
  ['mixtral', 64, 0, codestralStops],
  ['llama3', 64, 0, undefined],
  ['gpt', 64, undefined, undefined],
  ['claude_3', 128, 0, undefined],
  ['general', 128, 0, undefined],
  ['gemini', 128, 1, undefined],
  ['qwen', 128, 0, undefined],
] as const)('%s is asked with %i tokens, temperature %s and its stops', (family, maxTokens, temperature, stop) => {
  const { body } = toWire(render(family), { servedName: 'm', profile: 'v0.24' })
  expect([body.max_tokens, body.temperature, body.stop]).toEqual([maxTokens, temperature, stop])
})

test.each([
  ['codegemma', `<|fim_prefix|>${P}<|fim_suffix|>${S}<|fim_middle|>`],
  ['codellama', `<PRE> ${P} <SUF> ${S} <MID>`],
  ['deepseekcoder', `<｜fim▁begin｜>${P}<｜fim▁hole｜>${S}<｜fim▁end｜>`],
] as const)('%s gets its form as the only message', (family, content) => {
  expect(render(family).messages).toEqual([{ role: 'user', content }])
})

test.each(['codestral', 'mistral', 'mixtral'] as const)('%s gets an instruction and suffix before prefix', (family) => {
  const [system, user] = render(family).messages
  expect(system?.role).toBe('system')
  expect(user).toEqual({ role: 'user', content: `<s>[SUFFIX]${S}[PREFIX]${P}` })
})

test.each(['llama3', 'gpt', 'claude_3', 'general', 'gemini', 'qwen'] as const)(
  '%s is instructed and sees both sides whole',
  (family) => {
    const [system, user] = render(family).messages
    expect([system?.role, user?.role]).toEqual(['system', 'user'])
    expect(user?.content).toContain(P)
    expect(user?.content).toContain(S)
  },
)

test('the head of a prompt is the same for every file', () => {
  for (const family of ['codestral', 'llama3', 'gpt', 'general'] as const) {
    expect(render(family).messages[0]).toEqual(
      render(family, { prefix: 'x', suffix: '', fileName: 'y.go', language: 'go' }).messages[0],
    )
  }
})

test('nothing after the cursor is an empty suffix, not a word', () => {
  for (const family of ['codestral', 'codegemma', 'llama3', 'gpt', 'general'] as const) {
    expect(render(family, { suffix: '' }).messages.at(-1)?.content).not.toMatch(/None|null|undefined/)
  }
})

test('without any language no model is asked', () => {
  const model = { family: 'codestral', contextTokens: 128_000, servedName: 'm' } as const
  expect(codeCompletion.render({ ...input, language: null }, model)).toBeNull()
})

test('requests of one file share an affinity, others of its project a weaker one', () => {
  const [file, project] = codeCompletion.affinity(input)
  expect(codeCompletion.affinity({ ...input, prefix: 'other' })).toEqual([file, project])
  const other = codeCompletion.affinity({ ...input, fileName: 'other.py' })
  expect(other[0]).not.toBe(file)
  expect(other[1]).toBe(project)
})

test('an input survives its way as JSON', () => {
  expect(codeCompletion.input.parse(JSON.parse(JSON.stringify(input)))).toEqual(input)
})

test('an identifier for raw text completion asks without a chat template', () => {
  const asked = (family: Family) =>
    codeCompletion.render({ ...input, raw: true }, { family, contextTokens: 128_000, servedName: 'm' })
  expect(asked('codegemma')).toMatchObject({
    kind: 'completion',
    prompt: expect.stringMatching(/^<\|fim_prefix\|>[^]*<\|fim_middle\|>$/),
  })
  expect(asked('general')).toMatchObject({ kind: 'completion', prompt: expect.stringContaining('stats.py') })
})

test('the raw text completion is asked in the vendor’s own spelling', () => {
  const asked = (family: Family) =>
    codeCompletion.render({ ...input, raw: true }, { family, contextTokens: 128_000, servedName: 'm' })
  expect(asked('codellama')).toMatchObject({ kind: 'completion', prompt: `<PRE> ${P} <SUF>${S} <MID>` })
  expect(asked('qwen')).toMatchObject({
    kind: 'completion',
    prompt: `<|fim_prefix|>${P}<|fim_suffix|>${S}<|fim_middle|>`,
    maxTokens: 48,
    temperature: 0.95,
    stop: expect.arrayContaining(['<|fim_pad|>', '<|im_end|>', '\n\n']),
  })
})
