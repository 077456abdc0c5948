import { expect, test } from 'vitest'
import { languageTable } from './language-table.ts'
import { languageOf } from './language.ts'

test.each([
  ['stats.py', 'python', 'python', 'python'],
  ['a.rb', null, 'ruby', 'ruby'],
  ['a.cs', null, 'csharp', 'c_sharp'],
  ['a.js', null, 'js', 'javascript'],
  ['a.tsx', 'typescriptreact', 'ts', 'typescriptreact'],
  ['a.C', null, 'cpp', 'cpp'],
  ['a.c', null, 'c', 'c'],
  ['src.d/noext', 'go', 'go', 'go'],
  ['a.unknown', 'shellscript', 'bash', 'shellscript'],
  ['a.XYZ', null, '', 'xyz'],
  ['a.xyz', 'brainfuck', '', 'brainfuck'],
  ['Dockerfile', null, '', null],
  ['.bashrc', null, '', null],
  ['.config.py', null, 'python', 'python'],
  ['a.', '', '', null],
  ['dir\\a.rs', null, 'rust', 'rust'],
  ['', null, '', null],
])('%s with editor id %s is lang %j and %j in the prompt', (fileName, editorId, lang, promptLanguage) => {
  expect(languageOf(fileName, editorId)).toEqual({ lang, promptLanguage })
})

test('the table knows 100 languages, and no extension or editor id twice', () => {
  expect(languageTable).toHaveLength(100)
  for (const names of [
    languageTable.flatMap(([, extensions]) => extensions),
    languageTable.flatMap(([, , ids]) => ids),
  ]) {
    expect(new Set(names).size).toBe(names.length)
  }
})
