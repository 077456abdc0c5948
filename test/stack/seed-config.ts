import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { ConfigDocumentInput } from '@penstock/config'

/** Name under which clients ask for the simulated model, and what its nodes call it. */
export const testModel = { name: 'sim', servedName: 'penstock-sim' } as const

export interface SeedFacts {
  /** Base URLs of the nodes, `/v1` included. */
  readonly nodeUrls: readonly string[]
  /** Ceiling of requests in flight per node. */
  readonly nodeInFlightMax: number
  /** Key of the OpenAI front. */
  readonly openAiKey: string
}

const users = 8

/** Keys of different users, the given one first: of one user only so many requests may wait. */
export const keysOf = (openAiKey: string): string[] => [
  openAiKey,
  ...Array.from({ length: users - 1 }, (_, index) => `${openAiKey}-${index + 1}`),
]

/** One pool with all nodes, one model, every feature on it, OpenAI keys of some users who trust each other. */
export const seedDocument = ({ nodeUrls, nodeInFlightMax, openAiKey }: SeedFacts): ConfigDocumentInput => {
  const nodes = nodeUrls.map((url, index) => ({ name: `node-${index + 1}`, url, inFlightMax: nodeInFlightMax }))
  return {
    nodes,
    pools: [{ name: 'main', nodes: nodes.map(({ name }) => name) }],
    models: [{ ...testModel, family: 'general', pool: 'main' }],
    defaults: { model: testModel.name },
    openai: {
      keys: keysOf(openAiKey).map((key, index) => ({
        name: index === 0 ? 'test' : `test-${index}`,
        sha256: createHash('sha256').update(key).digest('hex'),
        domain: 'test',
      })),
    },
  }
}

/** Writes the document where a router can seed an empty store from it: JSON is YAML. */
export const writeSeedConfig = (file: string, document: ConfigDocumentInput): Promise<void> =>
  writeFile(file, JSON.stringify(document, null, 2))
