import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import config from '../../oxlint.config.ts'

/** A small copy of the repository's layout, so that the overrides of the one lint configuration apply to its files.
 *  A line that must fail ends in `// fails: plugin(rule)`; every other line must pass. */
const TREE = join(import.meta.dirname, 'tree')
const OXLINT = join(import.meta.dirname, '../../node_modules/oxlint/bin/oxlint')

interface Diagnostic {
  code: string
  filename: string
  labels: { span: { line: number } }[]
}

const files = globSync('{packages,services,scripts}/**/*.ts', { cwd: TREE }).sort()

const marked = (file: string): string[] =>
  readFileSync(join(TREE, file), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const rule = /\/\/ fails: (\S+)$/.exec(line)?.[1]
      return rule === undefined ? [] : [`${index + 1} ${rule}`]
    })

/** Oxlint exits with 1 when it found something, which is what this tree is for. */
const lint = (): Promise<Diagnostic[]> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [OXLINT, '--format', 'json'],
      { cwd: TREE, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 1)
          reject(new Error(`oxlint did not run: ${stdout}${stderr}`, { cause: error }))
        else resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics)
      },
    )
  })

let diagnostics: Diagnostic[]
beforeAll(async () => {
  diagnostics = await lint()
})

test.each(files)('%s fails on exactly the lines it marks', (file) => {
  const found = diagnostics
    .filter(({ filename }) => filename === file)
    .map(({ code, labels }) => `${labels[0]?.span.line} ${code}`)
  expect(found.toSorted()).toEqual(marked(file).toSorted())
})

test('every rule that the configuration names is proven by a line that fails', () => {
  const named = [config, ...(config.overrides ?? [])].flatMap(({ rules }) => Object.entries(rules ?? {}))
  const enforced = new Set(named.filter(([, setting]) => setting !== 'off').map(([rule]) => rule))
  const proven = new Set(
    files.flatMap(marked).map((mark) => mark.replace(/^\d+ (eslint\()?(.*)\)$/, '$2').replace('(', '/')),
  )
  expect([...enforced].filter((rule) => !proven.has(rule))).toEqual([])
})
