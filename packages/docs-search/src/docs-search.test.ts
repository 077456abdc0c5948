import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildDocsIndex } from './build-index.ts'
import { DocsSearch } from './docs-search.ts'
import { DocsIndexError } from './layout.ts'

const thread = new URL('held-thread.fixture.ts', import.meta.url)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-docs-search-'))
  await mkdir(join(folder, 'doc'))
  await writeFile(join(folder, 'doc/runners.md'), '# Runners\n\nA runner carries out jobs.\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('finds what the index holds', async () => {
  const file = join(folder, 'docs.index')
  await buildDocsIndex({ dir: join(folder, 'doc'), file })
  await using search = await DocsSearch.open({ file })
  const answers = await Promise.all([search.search('runner', 4), search.search('nonsense', 4)])
  expect(answers.map((results) => results?.map(({ metadata }) => metadata.title))).toEqual([['Runners'], []])
})

test('an index that cannot be read is told at the start: which file, why, and what mends it', async () => {
  const file = join(folder, 'none.index')
  await expect(DocsSearch.open({ file })).rejects.toThrow(DocsIndexError)
  await expect(DocsSearch.open({ file })).rejects.toThrow(`there is no documentation index ${file}: build it anew`)
  const text = join(folder, 'doc/runners.md')
  await expect(DocsSearch.open({ file: text })).rejects.toThrow(`${text} is no documentation index`)
})

test('while a search is held its caller goes on, and more than fit are turned away', async () => {
  const file = join(folder, 'held')
  await writeFile(file, '')
  await using search = await DocsSearch.open({ file, thread, questionsMax: 2 })
  const held = [search.search('a', 1), search.search('b', 1)]
  expect(await search.search('c', 1)).toBeNull()
  // The thread stands still from the first question on; this loop turns.
  for (let turns = 0; turns < 100; turns++) await turn()
  expect(await Promise.race([...held, Promise.resolve('held')])).toBe('held')
  await rm(file)
  expect(await Promise.all(held)).toEqual([[], []])
  expect(await search.search('d', 1)).toEqual([])
})

test('a search that ends leaves nobody waiting', async () => {
  await using search = await DocsSearch.open({ file: join(folder, 'never held'), thread })
  await expect(search.search('crash', 1)).rejects.toThrow('the search of')
  await expect(search.search('later', 1)).rejects.toThrow(DocsIndexError)
})
