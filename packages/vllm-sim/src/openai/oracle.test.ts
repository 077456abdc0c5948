import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTokens, encodeTokens } from '../text/tokenizer.ts'
import { expectedAnswer, expectedText } from './oracle.ts'

const text = fc.string({ unit: 'binary', minLength: 1 })
const tokens = fc.integer({ min: 1, max: 80 })
const model = fc.constantFrom('penstock-sim', 'other')

/** Cuts at every place between two characters. */
const cuts = (whole: string): string[] => {
  const characters = Array.from(whole)
  return characters.map((_, index) => characters.slice(0, index + 1).join(''))
}

test('a raw completion cut anywhere and continued equals the whole', () => {
  fc.assert(
    fc.property(model, text, tokens, (name, prompt, length) => {
      const whole = expectedText({ model: name, request: { prompt }, tokens: length })
      for (const said of cuts(whole)) {
        const rest = expectedText({ model: name, request: { prompt: prompt + said }, tokens: length })
        expect((said + rest).startsWith(whole)).toBe(true)
      }
    }),
    { numRuns: 40 },
  )
})

const turn = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant'),
  content: fc.oneof(
    text,
    text.map((part) => [{ type: 'text', text: part }]),
  ),
})

test('a chat answer cut anywhere and continued as the final assistant message equals the whole', () => {
  fc.assert(
    fc.property(model, fc.array(turn, { minLength: 1, maxLength: 4 }), tokens, (name, messages, length) => {
      const whole = expectedText({ model: name, request: { messages }, tokens: length })
      for (const said of cuts(whole)) {
        const request = {
          messages: [...messages, { role: 'assistant', content: said }],
          add_generation_prompt: false,
          continue_final_message: true,
        }
        expect((said + expectedText({ model: name, request, tokens: length })).startsWith(whole)).toBe(true)
      }
    }),
    { numRuns: 40 },
  )
})

test('a continuation at a token border needs exactly the tokens that were missing', () => {
  fc.assert(
    fc.property(text, tokens, tokens, (prompt, first, second) => {
      const said = expectedText({ model: 'm', request: { prompt }, tokens: first })
      const rest = expectedText({ model: 'm', request: { prompt: prompt + said }, tokens: second })
      expect(said + rest).toBe(expectedText({ model: 'm', request: { prompt }, tokens: first + second }))
      expect(countTokens(Buffer.from(said))).toBe(first)
      expect(countTokens(Buffer.from(said + rest))).toBe(first + second)
    }),
  )
})

test('a prompt as token ids says the same as the prompt as text', () => {
  fc.assert(
    fc.property(text, (prompt) => {
      const byText = expectedText({ model: 'm', request: { prompt } })
      expect(expectedText({ model: 'm', request: { prompt: encodeTokens(Buffer.from(prompt)) } })).toBe(byText)
    }),
  )
})

test('an answer that ends by itself ends at the same place however often it is continued', () => {
  const rules = { endProbability: 0.05 }
  fc.assert(
    fc.property(text, (prompt) => {
      const whole = expectedAnswer({ model: 'm', request: { prompt, max_tokens: 2000 }, rules })
      expect(whole.end).toEqual({ finishReason: 'stop', stopReason: null })
      for (const said of cuts(whole.text)) {
        const rest = expectedAnswer({ model: 'm', request: { prompt: prompt + said, max_tokens: 2000 }, rules })
        expect(said + rest.text).toBe(whole.text)
        expect(rest.end.finishReason).toBe('stop')
      }
    }),
    { numRuns: 20 },
  )
})

test('an answer whose length the node decides has it however often it is continued', () => {
  const rules = { answerTokens: { median: 30, sigma: 0.5 } }
  fc.assert(
    fc.property(text, (question) => {
      const messages = [{ role: 'user', content: question }]
      const whole = expectedAnswer({ model: 'm', request: { messages, max_tokens: 2000 }, rules })
      for (const said of cuts(whole.text)) {
        const request = {
          messages: [...messages, { role: 'assistant', content: said }],
          add_generation_prompt: false,
          continue_final_message: true,
          max_tokens: 2000,
        }
        const rest = expectedAnswer({ model: 'm', request, rules })
        expect(said + rest.text).toBe(whole.text)
      }
    }),
    { numRuns: 20 },
  )
})

test('different prompts and different models say different things', () => {
  const ask = (model: string, prompt: string): string => expectedText({ model, request: { prompt }, tokens: 12 })
  const answers = ['m', 'n'].flatMap((model) => ['a', 'b', ' a'].map((prompt) => ask(model, prompt)))
  expect(new Set(answers).size).toBe(answers.length)
})

test('answers contain characters of two, three and four bytes and line ends', () => {
  const said = expectedText({ model: 'm', request: { prompt: 'x' }, tokens: 1000 })
  for (const sort of [/[\u0080-\u07ff]/, /[\u0800-\uffff]/, /\p{Extended_Pictographic}/u, /\n/])
    expect(said).toMatch(sort)
})
