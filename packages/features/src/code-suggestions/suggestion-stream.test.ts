import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanAnswer } from './answer.ts'
import type { AnswerContext } from './place.ts'
import { suggestionStream } from './suggestion-stream.ts'

const base: AnswerContext = { family: 'general', prefix: 'def mean(v):\n    return ', suffix: '\n', fileName: 'a.py' }

function stream(pieces: readonly string[], context: AnswerContext, eager: boolean): string {
  const cleaning = suggestionStream(context, { eager })
  return pieces.map((piece) => cleaning.push(piece)).join('') + cleaning.end()
}

const lines = fc.constantFrom(
  'sum(v) / len(v)',
  '    total = 0',
  '```',
  '```python',
  '',
  'Here is the completed function:',
  'This code computes the mean.',
  'I hope it helps you.',
  'main()',
  'return ',
  '    return total',
  '<new_code>x = 1',
  '</new_code>',
  '<|cursor|>',
  'UNABLE_TO_GENERATE',
  '<think>',
  '</think>',
  'a_b(\\_c)',
  "I'm sorry, I cannot help with that.",
  'def mean(v):',
  '}',
)
const contexts: fc.Arbitrary<AnswerContext> = fc.record({
  family: fc.constantFrom('general', 'codestral', 'mixtral', 'codellama'),
  prefix: fc.constantFrom('', 'def mean(v):\n', 'def mean(v):\n    return ', 'x = foo(', '"""Docs.\n'),
  suffix: fc.constantFrom('', '\n', '\nmain()\n', ')\n', '\n    return total\n\nmain()\n', '\n}\n'),
  fileName: fc.constantFrom('a.py', 'README.md', 'a.js'),
  wholeLines: fc.boolean(),
})

test('line by line, the pieces let through are what is made of the whole, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(lines, { maxLength: 8 }),
      contexts,
      fc.array(fc.nat(200), { maxLength: 12 }),
      (all, context, cuts) => {
        const answer = all.join('\n')
        // A reasoning block that the prompt opened is only known by its end, after it was let through.
        fc.pre(!answer.includes('</think>') || answer.trimStart().startsWith('<think>'))
        const at = [0, ...cuts.map((cut) => Math.min(cut, answer.length)).sort((a, b) => a - b), answer.length]
        const pieces = at.slice(1).map((end, index) => answer.slice(at[index], end))
        expect(stream(pieces, context, false)).toBe(cleanAnswer(answer, context))
      },
    ),
    { numRuns: 2000 },
  )
})

describe('eagerly', () => {
  test('plain code leaves piece by piece', () => {
    const cleaning = suggestionStream({ ...base, prefix: 'total = ' }, { eager: true })
    expect(cleaning.push('sum(')).toBe('sum(')
    expect(cleaning.push('values)')).toBe('values)')
    expect(cleaning.push('\n')).toBe('')
    expect(cleaning.push('print(')).toBe('\nprint(')
    expect(cleaning.end()).toBe('')
  })

  test.each([
    ['```python\nsum(v)\n```\nThis adds them.', 'sum(v)'],
    ['Here is the code:\n\n```python\nsum(v)\n```', 'sum(v)'],
    ['sum(v)\n```', 'sum(v)'],
    ['sum(v)<|cursor|>', 'sum(v)'],
    ['<think>hm\nwell</think>\nsum(v)', 'sum(v)'],
    ['sum(v)\n\nThis code adds up all the values.', 'sum(v)'],
    ["I'm sorry, I cannot help with that.", ''],
    ['UNABLE_TO_GENERATE', ''],
    ['return sum(v)', 'sum(v)'],
  ])('token by token, %j is %j', (answer, code) => {
    expect(stream(answer.match(/\s*\S{1,4}|\s+/g) ?? [], base, true)).toBe(code)
  })

  test('what may repeat the line behind the cursor waits until it is known', () => {
    const cleaning = suggestionStream({ ...base, suffix: '\n\nmain()\n' }, { eager: true })
    expect(cleaning.push('x()\nma')).toBe('x()')
    expect(cleaning.push('in()')).toBe('')
    expect(cleaning.end()).toBe('')
  })
})

test.each([true, false])(
  'an endless answer passes on, in time that grows with its length alone (eager: %s)',
  (eager) => {
    const piece = 'x'.repeat(1000)
    const said = stream(Array<string>(2000).fill(piece), base, eager)
    expect(said.length).toBe(2_000_000)
  },
)
