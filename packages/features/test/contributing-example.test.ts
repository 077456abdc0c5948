import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { rewritten } from '../src/answer/text-stream.ts'
import type { PromptFeature } from '../src/prompt/prompt-feature.ts'

const root = join(import.meta.dirname, '../../..')
/** Beside the real features, so that its imports are theirs; hidden from what looks through the sources meanwhile. */
const folder = mkdtempSync(join(import.meta.dirname, '../src/.contributing-example-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the feature that CONTRIBUTING shows compiles and runs', { timeout: 60_000 }, async () => {
  const example = /```ts\n([^]*?)```/.exec(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'))?.[1]
  expect(example).toContain('promptFeature(')
  const file = join(folder, 'feature.ts')
  writeFileSync(file, example ?? '')
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.json'), include: [], files: [file] }))
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], { stdio: 'pipe' })

  const { releaseNotes } = (await import(file)) as { releaseNotes: PromptFeature<unknown> }
  const inputs = releaseNotes.inputs.parse({ changes: ['Fix login', 'Faster search'], audience: null })
  const model = { family: 'llama3', contextTokens: 8192, servedName: 'm' } as const
  const call = releaseNotes.render({ raw: false, inputs }, model)
  expect(call).toMatchObject({ kind: 'chat', maxTokens: 1024, temperature: 0 })
  expect(JSON.stringify(call)).toContain('Fix login\\nFaster search')
  expect(JSON.stringify(call)).not.toContain('Readers')
  const answer = releaseNotes.answer(inputs, 'llama3')
  expect(rewritten('Here are the notes:\n\n```\n- Login works\n```', answer)).toBe('- Login works')
})
