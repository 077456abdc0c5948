import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildDocsIndex } from './build-index.ts'
import { DocsIndex } from './docs-index.ts'
import { matchExpression } from './match-expression.ts'

const pages: Record<string, string> = {
  'user/project/repository/branches/protected.md': `---
stage: Create
title: Protected branches
---

Some branches matter more than others.

<!-- a note for writers -->

## Protect a branch

1. Select **Settings > Repository**.
1. Name the branch.

## Allow force pushes

Force pushes rewrite history.
`,
  'ci/runners/_index.md': `# Runners

A runner carries out the jobs of a pipeline.

## Register a runner

\`\`\`shell
## this is a comment of a script, not a heading
runner register
\`\`\`
`,
  'user/old.md': '---\nredirect_to: new.md\n---\n\nThis page moved: protect protect protect.\n',
  'api/long.md': `# Long page\n\n${'Every paragraph of this page tells of webhooks.\n\n'.repeat(2000)}`,
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-docs-'))
  for (const [name, text] of Object.entries(pages)) {
    await mkdir(dirname(join(folder, 'doc', name)), { recursive: true })
    await writeFile(join(folder, 'doc', name), text)
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const build = async (name: string, over: object = {}) => {
  const file = join(folder, name)
  const built = await buildDocsIndex({ dir: join(folder, 'doc'), file, ...over })
  return { file, built }
}
const openIndex = (file: string): DocsIndex => {
  const index = new DocsIndex(file)
  onTestFinished(() => index[Symbol.dispose]())
  return index
}

describe('a question', () => {
  test('finds the section that answers it, with a link and an id that GitLab can resolve', async () => {
    const { file, built } = await build('a.index')
    expect(built.pages).toBe(3)
    const [first] = openIndex(file).search('How do I protect a branch?', 4)
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+$/),
      content: expect.stringMatching(/^# Protected branches > Protect a branch\n\n1\. Select \*\*Settings/),
      metadata: {
        filename: 'user/project/repository/branches/protected.md',
        title: 'Protected branches',
        source_url: 'https://docs.gitlab.com/user/project/repository/branches/protected/#protect-a-branch',
      },
    })
  })

  test('in other forms of the words finds it too, and links to the own instance where asked', async () => {
    const { file } = await build('b.index', { instance: 'https://gitlab.example.test/' })
    const [first] = openIndex(file).search('registering RUNNERS', 1)
    expect(first?.metadata).toMatchObject({
      title: 'Runners',
      source_url: 'https://gitlab.example.test/help/ci/runners/_index.md#register-a-runner',
    })
    expect(first?.content).toContain('## this is a comment of a script')
  })

  test('gets no more than it asked for, and never more than fits a prompt', async () => {
    const index = openIndex((await build('c.index')).file)
    expect(index.search('webhooks', 3)).toHaveLength(3)
    const words = index.search('webhooks', 20).flatMap(({ content }) => content.match(/\S+/g) ?? [])
    expect(words.length * 1.4).toBeLessThanOrEqual(8000)
    expect(words.length).toBeGreaterThan(0)
  })

  test('without a known word finds nothing; no text is read as an operator or fails', async () => {
    const index = openIndex((await build('d.index')).file)
    expect(index.search('', 4)).toEqual([])
    expect(index.search('?!', 4)).toEqual([])
    expect(index.search('xylophone', 4)).toEqual([])
    expect(index.search('content:"branch" NEAR(* ^', 4).length).toBeGreaterThan(0)
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (question) => {
        expect(index.search(question, 2).length).toBeLessThanOrEqual(2)
      }),
    )
  })

  test('of any length costs no more than a short one', () => {
    const expression = matchExpression(Array.from({ length: 60_000 }, (_, n) => `word${n}`).join(' '))
    expect(expression?.split(' OR ')).toHaveLength(16)
  })
})

describe('an index file', () => {
  test('that is replaced is used from the next question on', async () => {
    const { file } = await build('e.index')
    const index = openIndex(file)
    const linkOf = () => index.search('protect a branch', 1)[0]?.metadata.source_url
    expect(linkOf()).toMatch(/^https:\/\/docs\.gitlab\.com/)
    await build('e.index', { instance: 'https://other.test' })
    expect(linkOf()).toMatch(/^https:\/\/other\.test/)
    await rm(file)
    expect(linkOf()).toMatch(/^https:\/\/other\.test/)
  })

  test('that is missing, broken or of another version is refused with the way to mend it', async () => {
    const { file } = await build('f.index')
    expect(() => new DocsIndex(join(folder, 'nowhere'))).toThrow(/there is no documentation index .*docs index DIR/)
    await writeFile(join(folder, 'broken.index'), 'not a database')
    expect(() => new DocsIndex(join(folder, 'broken.index'))).toThrow(/is no documentation index/)
    const database = new DatabaseSync(file)
    database.exec("UPDATE about SET value = '99' WHERE key = 'format'")
    database.close()
    expect(() => new DocsIndex(file)).toThrow(/has format 99, this release reads 1/)
  })

  test('is not made from a folder that is missing, empty or a file, and an older one stays', async () => {
    const { file } = await build('g.index')
    const from = (dir: string) => buildDocsIndex({ dir: join(folder, dir), file })
    await expect(from('nowhere')).rejects.toThrow(/there is no folder/)
    await expect(from('doc/user/old.md')).rejects.toThrow(/is a file/)
    await mkdir(join(folder, 'empty'))
    await expect(from('empty')).rejects.toThrow(/holds no Markdown file/)
    expect(openIndex(file).size).toBeGreaterThan(0)
  })
})
