import { readArchive } from '@penstock/audit-chain'
import type { TestNode, TestStack } from '../stack/start-stack.ts'

/** A request as a node's own books have it. */
export interface NodeRecord {
  /** Our request's id, a dot, the attempt. */
  readonly id: string
  readonly outcome: string
  /** Epoch ms. */
  readonly finishedAt: number | null
  /** Of the answer. */
  readonly tokens: number
  readonly sequences: readonly {
    readonly promptTokens: number
    readonly cachedTokens: number
    /** Epoch ms; null: it only waited. */
    readonly admittedAt: number | null
  }[]
}

/** The latest requests of the nodes. */
export const recordsOf = async (of: readonly TestNode[]): Promise<NodeRecord[]> => {
  const lists = await Promise.all(
    of.map(async ({ adminUrl }) => (await (await fetch(`${adminUrl}/requests`)).json()) as NodeRecord[]),
  )
  return lists.flat()
}

/** Prompt and output tokens that the nodes' engines have computed. */
export const computedTokensOf = async (of: readonly TestNode[]): Promise<number> => {
  let tokens = 0
  for (const { adminUrl } of of) {
    const { counters } = (await (await fetch(`${adminUrl}/engine`)).json()) as { counters: { computedTokens: number } }
    tokens += counters.computedTokens
  }
  return tokens
}

/** Our names of requests by their clients' names: the audit log knows both. */
export const requestIdsOf = async (stack: TestStack, wanted: ReadonlySet<string>): Promise<Map<string, string>> => {
  const known = new Map<string, string>()
  for await (const { correlationId, requestId } of readArchive(stack.archiveDir))
    if (correlationId !== undefined && requestId !== undefined && wanted.has(correlationId))
      known.set(correlationId, requestId)
  return known
}
