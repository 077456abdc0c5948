import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanAnswer } from './answer.ts'
import { underscoreStream } from './unescape-underscores.ts'

const context = { family: 'general', prefix: 'x = ', suffix: '', fileName: 'a.py' } as const
const clean = (text: string, fields: object = {}) => cleanAnswer(text, { ...context, ...fields })

test.each([
  ['sum(values)\n    return total / len(values)', '    total = ', '\n\nif __name__ == "__main__":\n    main()\n'],
  ["\n  puts 'hi'\nend", 'def hello_world', ''],
  ['  keeps \t its blanks  \n', 'x', '\n'],
  ['append', 'list.', 'end\n'],
  ['bar()', 'foo(', ')'],
  ['x)', 'foo(bar(', ')\n'],
  ['  if (x) {\n    y()\n  }', 'for {\n', '\n  }\n}\n'],
  ['\r\n    crlf()\r\n', 'x', '\r\n'],
  ['"""\n```\ncode\n```', '', '\n"""'],
  ['a_b \\_ c', '', ''],
  ['[PREFIX] of a general model', '', ''],
])('ordinary text comes back byte by byte: %j', (text, prefix, suffix) => {
  expect(clean(text, { prefix, suffix })).toBe(text)
})

test('text without markup is never touched when nothing follows the cursor', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      fc.pre(!/```|<\|cursor\|>|<think>/.test(text) && text.trim() !== '')
      expect(clean(text)).toBe(text)
    }),
  )
})

test.each([
  ['```python\nsum(values)\n```', 'sum(values)'],
  ['\n```\nsum(values)\n```\nThis sums the values.', 'sum(values)'],
  ['```py\nsum(values', 'sum(values'],
  ['sum(values)\n```', 'sum(values)'],
  ['```js\r\na()\r\n```\r\n', 'a()'],
])('a fence is taken off: %j', (text, code) => {
  expect(clean(text)).toBe(code)
})

test('in Markdown a fence is text', () => {
  expect(clean('```sh\nls\n```', { fileName: 'README.md' })).toBe('```sh\nls\n```')
})

test.each([
  ['codegemma', 'a()<|file_separator|>other file', 'a()'],
  ['codegemma', '<|fim_middle|>a()', 'a()'],
  ['codellama', ' <MID>', ''],
  ['codellama', 'a() <EOT>', 'a() '],
  ['codestral', 'a()[SUFFIX]b', 'a()'],
  ['mistral', 'a()[/INST] You are welcome', 'a()'],
  ['deepseekcoder', 'a()<｜fim▁end｜>', 'a()'],
  ['llama3', 'a(<|cursor|>)', 'a()'],
] as const)('%s: markers are taken off %j', (family, text, code) => {
  expect(clean(text, { family })).toBe(code)
})

test.each([
  ['<think>hm</think>\n\na()', 'a()'],
  ['<think>never ends', ''],
])('reasoning is no code: %j', (text, code) => {
  expect(clean(text)).toBe(code)
})

test.each([
  ['  puts 1\nend\n', 'def x\n', '\nend\n', '  puts 1'],
  ['  puts 1\nend\n\ndef other(a', 'def x\n', '\nend\n\ndef other(a, b)\n', '  puts 1'],
  ['a\n    return total\n', 'x = ', '\n    return total\n', 'a'],
  ['  foo()\n}\n\nfunction bar() {\n  x()\n}', 'function f() {\n', '\n}\n', '  foo()\n}\n\nfunction bar() {\n  x()'],
  ['main()', 'if x:\n', '\nmain()\n', ''],
  ['v in values:', 'for ', ' in values:\n', 'v'],
  ['a, b)', 'foo(', ')\n', 'a, b'],
  ['x))', 'foo(bar(', ')\n', 'x)'],
  ['a);', 'foo(', ');\n', 'a'],
  ['foo"', 'x = "', '"\n', 'foo'],
  ['1;', 'x = ', ';\n', '1'],
])('what stands behind the cursor is not repeated: %j', (text, prefix, suffix, code) => {
  expect(clean(text, { prefix, suffix })).toBe(code)
})

test.each(['', ' ', '\n\t\n'])('blanks alone are no suggestion: %j', (text) => {
  expect(clean(text)).toBe('')
})

test("Mixtral's escaped underscores are underscores, also with tidying off", () => {
  expect(clean('a\\_b', { family: 'mixtral' })).toBe('a_b')
  expect(cleanAnswer('```\na\\_b', { ...context, family: 'mixtral' }, false)).toBe('```\na_b')
  expect(cleanAnswer('```\n', context, false)).toBe('```\n')
})

test('a stream of pieces unescapes as the whole text does', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('\\', '_', 'a'), maxLength: 4 })), (pieces) => {
      const stream = underscoreStream()
      const text = pieces.map((piece) => stream.push(piece)).join('') + stream.end()
      expect(text).toBe(cleanAnswer(pieces.join(''), { ...context, family: 'mixtral' }, false))
    }),
  )
})
