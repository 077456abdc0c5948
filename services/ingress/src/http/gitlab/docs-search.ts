import { RequestFailure } from '@penstock/contracts'
import { DocsIndexError } from '@penstock/docs-search'
import type { DocsResult } from '@penstock/docs-search'
import type { Logger } from '@penstock/runtime'
import { z } from 'zod'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { callerOf, invalidBody } from './code-answer.ts'

/** Documentation that can be asked. */
export interface DocsSearch {
  /** Null: too many questions wait already. Throws DocsIndexError when the index cannot be read any more. */
  search(question: string, resultsMax: number): Promise<DocsResult[] | null>
}

interface DocsSearchDependencies {
  readonly docs: DocsSearch | null
  readonly log: Pick<Logger, 'error'>
  readonly now: () => number
}

const Request = z.object({
  type: z.string().max(100),
  metadata: z.object({ source: z.string().max(100), version: z.string().max(100) }),
  payload: z.object({ query: z.string().max(400_000), page_size: z.int().min(1).max(20).default(4) }),
})

/** `POST /v1/search/gitlab-docs`. Without an index there are no results, which is no error (contract http §8.10). */
export const docsSearch =
  ({ docs, log, now }: DocsSearchDependencies): Handler =>
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
    try {
      const results = docs === null ? [] : await docs.search(query, resultsMax)
      if (results === null) throw new RequestFailure('overloaded', { retryAfterMs: 1000 })
      return jsonAnswer(200, {
        response: { results },
        metadata: { provider: 'sqlite', timestamp: Math.floor(now() / 1000) },
      })
    } catch (error) {
      if (!(error instanceof DocsIndexError)) throw error
      log.error({ err: error, correlation_id: exchange.correlationId }, 'documentation cannot be searched')
      return jsonAnswer(500, { detail: 'The documentation index of the gateway cannot be read' })
    }
  }
