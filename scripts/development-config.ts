/** Served name of the simulated model. */
export const SIMULATED_MODEL = 'penstock-sim'

export interface DevelopmentFacts {
  readonly nodeUrls: readonly string[]
  /** Of the one key that the OpenAI front accepts, hexadecimal. */
  readonly openaiKeySha256: string
}

/** The configuration that `npm start` begins with: one pool of simulated nodes behind one model that every feature uses. */
export const developmentConfig = ({ nodeUrls, openaiKeySha256 }: DevelopmentFacts) => {
  const nodes = nodeUrls.map((url, index) => ({ name: `sim-${index + 1}`, url }))
  const model = { name: SIMULATED_MODEL, family: 'codestral', servedName: SIMULATED_MODEL, pool: 'simulated' }
  return {
    nodes,
    pools: [{ name: model.pool, nodes: nodes.map(({ name }) => name) }],
    models: [model],
    defaults: { model: model.name },
    openai: { keys: [{ name: 'development', sha256: openaiKeySha256 }] },
  }
}
