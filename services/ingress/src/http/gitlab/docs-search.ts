import type { DocsResult } from '@penstock/docs-search'
import { z } from 'zod'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { callerOf, invalidBody } from './code-answer.ts'

/** Documentation that can be asked. */
export interface DocsSearch {
  search(question: string, resultsMax: number): DocsResult[]
}

const Request = z.object({
  type: z.string().max(100),
  metadata: z.object({ source: z.string().max(100), version: z.string().max(100) }),
  payload: z.object({ query: z.string().max(400_000), page_size: z.int().min(1).max(20).default(4) }),
})

/** `POST /v1/search/gitlab-docs`. Without an index there are no results, which is no error (contract http §8.10). */
export const docsSearch =
  ({ docs, now }: { readonly docs: DocsSearch | null; readonly now: () => number }): Handler =>
  async (exchange) => {
    if (!callerOf(exchange).scopes.has('documentation_search'))
      return jsonAnswer(403, { detail: 'Unauthorized to search documentations' })
    const parsed = Request.safeParse(await exchange.readJson())
    if (!parsed.success)
      return invalidBody(
        parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
        exchange,
      )
    const { query, page_size: resultsMax } = parsed.data.payload
    return jsonAnswer(200, {
      response: { results: docs?.search(query, resultsMax) ?? [] },
      metadata: { provider: 'sqlite', timestamp: Math.floor(now() / 1000) },
    })
  }
