import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigRollout } from './config-rollout.ts'
import { makeConfig, sameEndpoint } from './make-config.ts'
import { all } from './plan-rounds.ts'
import type { Round } from './plan-rounds.ts'
import { startScriptedNode } from './scripted-node.ts'
import type { ScriptedNode } from './scripted-node.ts'

/** Model servers that a round's fixtures need, configured everywhere. */
export interface Stage extends AsyncDisposable {
  readonly nodes: readonly ScriptedNode[]
  /** Of the configuration's model for requests that name none. */
  readonly defaultModelName: string | null
}

export interface StageHand {
  readonly rollout: ConfigRollout
  /** Every instance that runs and must know the configuration. */
  instances(): readonly string[]
  /** For key files. */
  readonly dataDir: string
}

/** Starts a model server for each endpoint of the round and waits until the configuration names them everywhere. */
export const setStage = async (round: Round, hand: StageHand): Promise<Stage> => {
  await using held = new AsyncDisposableStack()
  const prefix = `round-${randomBytes(4).toString('hex')}`
  const models = all(round)
  const refuses = round.planned.some(({ fixture }) => fixture.backend?.reply.connection_refused === true)
  const nodes: ScriptedNode[] = []
  const places = []
  for (const { endpoint, apiKey } of models) {
    if (nodes.some((node) => sameEndpoint(node.endpoint, endpoint))) continue
    const served = models.filter((model) => sameEndpoint(model.endpoint, endpoint)).map(({ servedName }) => servedName)
    const node = held.use(await startScriptedNode(endpoint, served, { refuses }))
    const keyFile = apiKey === null ? null : join(hand.dataDir, `key-${prefix}-${nodes.length}`)
    if (keyFile !== null) await writeFile(keyFile, apiKey ?? '', { mode: 0o600 })
    nodes.push(node)
    places.push({ endpoint, url: node.url, keyFile })
  }
  const { document, defaultModelName } = makeConfig({
    prefix,
    nodes: places,
    models: round.named,
    defaultModel: round.byDefault,
  })
  await hand.rollout.apply(document, hand.instances())
  const kept = held.move()
  return { nodes, defaultModelName, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
