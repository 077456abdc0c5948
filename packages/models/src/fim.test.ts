import { expect, test } from 'vitest'
import { fimForms } from './fim.ts'

test.each([
  ['codegemma', '<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>'],
  ['codellama', '<PRE> P <SUF> S <MID>'],
  ['deepseekcoder', '<\uff5cfim\u2581begin\uff5c>P<\uff5cfim\u2581hole\uff5c>S<\uff5cfim\u2581end\uff5c>'],
  ['codestral', '<s>[SUFFIX]S[PREFIX]P'],
  ['qwen', '<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>'],
] as const)('%s lays prefix and suffix out with its own markers', (kind, expected) => {
  expect(fimForms[kind].layOut('P', 'S')).toBe(expected)
})

test('nothing after the cursor is an empty suffix', () => {
  expect(fimForms.codegemma.layOut('P', '')).toBe('<|fim_prefix|>P<|fim_suffix|><|fim_middle|>')
})

test.each([
  ['codegemma', ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>']],
  ['codellama', ['<PRE>', '<SUF>', '<MID>', '<EOT>']],
  ['deepseekcoder', []],
  ['codestral', ['[INST]', '[/INST]', '[PREFIX]', '[MIDDLE]', '[SUFFIX]']],
] as const)('%s stops at its own markers', (kind, stops) => {
  expect(fimForms[kind].stops).toEqual(stops)
})
