import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { ConfigDocumentInput } from '@penstock/config'
import { features } from '@penstock/features'

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

/** One pool with all nodes, one model, every feature on it, one OpenAI key. */
export const seedDocument = ({ nodeUrls, nodeInFlightMax, openAiKey }: SeedFacts): ConfigDocumentInput => {
  const nodes = nodeUrls.map((url, index) => ({ name: `node-${index + 1}`, url, inFlightMax: nodeInFlightMax }))
  return {
    nodes,
    pools: [{ name: 'main', nodes: nodes.map(({ name }) => name) }],
    models: [{ ...testModel, family: 'general', pool: 'main' }],
    features: Object.fromEntries(Object.keys(features).map((feature) => [feature, { model: testModel.name }])),
    openai: { keys: [{ name: 'test', sha256: createHash('sha256').update(openAiKey).digest('hex') }] },
  }
}

/** Writes the document where a router can seed an empty store from it: JSON is YAML. */
export const writeSeedConfig = (file: string, document: ConfigDocumentInput): Promise<void> =>
  writeFile(file, JSON.stringify(document, null, 2))
