import { families, familyNames, textOf, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rewritten } from '../src/answer/text-stream.ts'
import { parseInputs, parsePromptRequest } from '../src/prompt/request.ts'
import { promptFeatures } from '../src/registry.ts'
import { locatorScenarios } from './scenarios/locators.ts'
import { objectScenarios } from './scenarios/objects.ts'
import { resolutionScenario } from './scenarios/resolution.ts'
import { reviewScenario } from './scenarios/review.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { textScenarios } from './scenarios/texts.ts'

/* From GitLab's request to GitLab's own reading of the answer, for every prompt and every family that writes text. */

const scenarios = [reviewScenario, resolutionScenario, ...locatorScenarios, ...objectScenarios, ...textScenarios]
const textFamilies = familyNames.filter((family) => traitsOf(family).generatesText)

/** A request as GitLab makes it, through the ingress's and the worker's steps. */
const ask = ({ promptId, inputs }: Scenario, family: Family, extra: object = {}) => {
  const endpoint = 'http://vllm:8000/v1'
  const model_metadata = { provider: 'openai', name: family, endpoint, api_key: null, identifier: 'custom_openai/m' }
  const body = { inputs: { ...inputs, ...extra }, prompt_version: '^1.0.0', model_metadata }
  const parsed = parsePromptRequest(JSON.parse(JSON.stringify(body)))
  const feature = promptFeatures.get(promptId)
  if (!parsed.ok || feature === undefined) throw new Error(`${promptId} is refused`)
  const read = parseInputs(feature, parsed.request, 1_763_640_000_000)
  if (!read.ok) throw new Error(`${promptId} misses ${read.missing.join()}`)
  const input = feature.input.parse(JSON.parse(JSON.stringify(read.input)))
  const model = { family, contextTokens: families[family].contextTokens, servedName: 'm' }
  return {
    call: feature.render(input, model),
    answered: (text: string) => rewritten(text, feature.answer(input.inputs, family)),
    streamed: (pieces: readonly string[]) => {
      const stream = feature.answer(input.inputs, family)
      return pieces.map((piece) => stream.push(piece)).join('') + stream.end()
    },
  }
}

/** What models put around an answer, whatever it is. */
const wrappings = (text: string): string[] => [
  `<think>First <review>, then {"rating": 1}.</think>\n\n${text}`,
  `\n\n${text}\n`,
  text.replaceAll('\n', '\r\n'),
]
const talk = (text: string): string[] => [
  `Sure! Here is what you asked for:\n\n${text}`,
  `${text}\n\nLet me know if you need anything else.`,
  `\`\`\`\n${text}\n\`\`\``,
  `Here you go:\n\n\`\`\`json\n${text}\n\`\`\`\n\nI hope this helps.`,
]

const nonsense = [
  '',
  ' \n ',
  'I am sorry, but I cannot help with that.',
  '{',
  '[]',
  '{}',
  'null',
  '{"a": {"b": [}',
  '<review>',
  '<review></review>',
  '</comment></review>',
  '<comment>',
  '<fixed_code>\n</fixed_code>',
  '<old_code>x</old_code>',
  '```',
  '```json\n',
  '``````',
  'ATTRS:',
  'ATTRS: CNT-IDX-zz',
  'CNT-IDX-',
  '{"ResourceIdentifierType": "nonsense", "ResourceIdentifier": {}}',
  '{"ResourceIdentifierType": null}',
  'ResourceIdentifierType',
  '<think>never ends',
  '\n'.repeat(20_000),
  ' '.repeat(20_000),
  '{'.repeat(5000),
  '<comment '.repeat(3000),
  '`'.repeat(5000),
]

test('there is a scenario for every prompt', () => {
  expect(scenarios.map(({ promptId }) => promptId).sort()).toEqual([...promptFeatures.keys()].sort())
})

describe.each(scenarios.map((scenario) => [scenario.promptId, scenario] as const))('%s', (_id, scenario) => {
  const expected = scenario.read(scenario.good)

  test('shows every family what GitLab sends, within the limits of the model', () => {
    for (const family of textFamilies) {
      const { call } = ask(scenario, family)
      if (call?.kind !== 'chat') throw new Error('expected a chat')
      const text = call.messages.map(textOf).join('\n')
      for (const shown of scenario.shown) expect(text).toContain(shown)
      expect(text).not.toMatch(/\{\{|\}\}|undefined|\bNone\b|\[object/)
      expect(call.maxTokens).toBeGreaterThan(0)
      expect(call.messages.map(({ role }) => role)).toEqual(call.messages.length === 1 ? ['user'] : ['system', 'user'])
    }
  })

  test('leaves a good answer as it is, byte by byte, for every family', () => {
    for (const family of textFamilies) expect(ask(scenario, family).answered(scenario.good)).toBe(scenario.good)
  })

  const sloppy = [
    ...wrappings(scenario.good),
    ...(scenario.wrapped === false ? [] : talk(scenario.good)),
    ...scenario.sloppy,
    ...scenario.sloppy.flatMap(wrappings),
  ]
  test(`reads ${sloppy.length} sloppy answers as the good one, for every family`, () => {
    for (const family of textFamilies) {
      const { answered } = ask(scenario, family)
      for (const text of sloppy) {
        const reading = normal(scenario.read(answered(text)))
        expect({ family, text, reading }).toEqual({ family, text, reading: normal(expected) })
      }
    }
  })

  test('reads every cut-off and every senseless answer without choking', () => {
    const cut = Array.from({ length: 60 }, (_, index) =>
      scenario.good.slice(0, Math.floor((scenario.good.length * index) / 60)),
    )
    for (const family of ['llama3', 'qwen'] as const) {
      const { answered } = ask(scenario, family)
      for (const text of [...nonsense, ...nonsense.map((bad) => `${bad}\n${bad}`)])
        expect({ text, none: scenario.isNone(scenario.read(answered(text))) }).toEqual({ text, none: true })
      for (const text of cut) expect(() => scenario.read(answered(text))).not.toThrow()
    }
  })

  test('reads whatever becomes of a good answer by accident without choking', () => {
    const { answered } = ask(scenario, 'general')
    fc.assert(
      fc.property(accidents(scenario.good), (text) => {
        expect(() => scenario.read(answered(text))).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('says in pieces what it says as a whole', () => {
    const { answered, streamed } = ask(scenario, 'general')
    const texts = fc.constantFrom(scenario.good, ...sloppy, ...nonsense.filter((text) => text.length < 100))
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 80 }), (text, sizes) => {
        const pieces: string[] = []
        let at = 0
        for (const size of sizes) {
          pieces.push(text.slice(at, at + size))
          at += size
        }
        expect(streamed([...pieces, text.slice(at)])).toBe(answered(text))
      }),
      { numRuns: 150 },
    )
  })
})

/** The text after a few edits: pieces lost, doubled, moved, or replaced by what models are fond of. */
function accidents(good: string): fc.Arbitrary<string> {
  const snippets = fc.constantFrom(
    '\n',
    '  ',
    '"',
    "'",
    '<',
    '>',
    '```',
    '<from>',
    '</to>',
    '</comment>',
    'ATTRS:',
    '}',
    'null',
    '\\',
    'é',
  )
  const edit = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat({ max: 30 }),
    fc.constantFrom('lose', 'double', 'insert'),
    snippets,
  )
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) =>
    edits.reduce((text, [where, length, kind, snippet]) => {
      const at = Math.floor(where * text.length)
      const piece = text.slice(at, at + length)
      const middle = kind === 'lose' ? '' : kind === 'double' ? piece + piece : snippet + piece
      return text.slice(0, at) + middle + text.slice(at + length)
    }, good),
  )
}

/** Line ends and the last full stop are no difference. */
function normal(reading: unknown): unknown {
  return JSON.parse(JSON.stringify(reading).replaceAll('\\r\\n', '\\n'))
}
