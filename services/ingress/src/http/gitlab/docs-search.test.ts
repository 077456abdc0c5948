import { afterAll, beforeAll, expect, it } from 'vitest'
import { DocsIndexError } from '@penstock/docs-search'
import { startTestApp } from '../http-app.fixture.ts'
import type { TestApp } from '../http-app.fixture.ts'

const result = {
  id: 'a1b2',
  content: '# Protected branches\n\nSettings',
  metadata: { filename: 'p.md', title: 'Protected branches', source_url: 'https://docs.example.test/p/' },
}
const asked: unknown[] = []
const answers = (question: unknown): (typeof result)[] | null => {
  if (question === 'unreadable') throw new DocsIndexError('/var/docs.index is no documentation index')
  return question === 'one too many' ? null : [result]
}

let app: TestApp
let bare: TestApp
beforeAll(async () => {
  const docs = { search: async (...question: unknown[]) => (asked.push(question), answers(question[0])) }
  app = await startTestApp({ docs })
  bare = await startTestApp()
})
afterAll(() => Promise.all([app[Symbol.asyncDispose](), bare[Symbol.asyncDispose]()]))

const body = (payload: object) => ({
  type: 'search-docs',
  metadata: { source: 'GitLab EE', version: '18.9.0' },
  payload: { query: 'How do I protect a branch?', ...payload },
  further: true,
})
const search = async (payload: object, of = app, scopes = ['documentation_search']) => {
  const response = await of.gitlab('/v1/search/gitlab-docs', { body: body(payload), claims: { scopes } })
  return [response.status, await response.json()]
}

it('a question gets the results of the index, at most four unless it asks for more', async () => {
  expect(await search({})).toEqual([
    200,
    { response: { results: [result] }, metadata: { provider: 'sqlite', timestamp: 1_763_640_000 } },
  ])
  await search({ page_size: 20 })
  expect(asked).toEqual([
    ['How do I protect a branch?', 4],
    ['How do I protect a branch?', 20],
  ])
})

it('without an index there are no results, and no error', async () => {
  expect(await search({}, bare)).toMatchObject([200, { response: { results: [] } }])
})

it('a token without the scope is 403, a body that breaks the schema 422', async () => {
  expect(await search({}, app, ['duo_chat'])).toEqual([403, { detail: 'Unauthorized to search documentations' }])
  for (const payload of [{ page_size: 0 }, { page_size: 21 }, { query: 5 }, { query: 'x'.repeat(400_001) }])
    expect(await search(payload)).toEqual([422, { detail: 'Validation error' }])
})

it('more questions than fit are 429, and an index that cannot be read is told without its path', async () => {
  expect(await search({ query: 'one too many' })).toEqual([
    429,
    { detail: 'Too many requests. Please try again later.' },
  ])
  expect(await search({ query: 'unreadable' })).toEqual([
    500,
    { detail: 'The documentation index of the gateway cannot be read' },
  ])
})
