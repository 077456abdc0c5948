import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigRollout } from './config-rollout.ts'
import { makeConfig, sameEndpoint } from './make-config.ts'
import { modelsOf } from './plan-rounds.ts'
import type { PlannedFixture, Round } from './plan-rounds.ts'
import { refusingOrigin, startScriptedNode } from './scripted-node.ts'
import type { ScriptedNode } from './scripted-node.ts'

/** Model servers that a round's fixtures need, configured everywhere. */
export interface Stage extends AsyncDisposable {
  /** All but those of other fixtures whose model server fails: these are asked now and then whether they are back. */
  readonly nodesFor: (planned: PlannedFixture) => readonly ScriptedNode[]
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
  const models = modelsOf(round)
  const nodes: ScriptedNode[] = []
  const places = []
  for (const { endpoint, apiKey } of models) {
    if (nodes.some((node) => sameEndpoint(node.endpoint, endpoint))) continue
    const node = held.use(
      await startScriptedNode(endpoint, null, {
        refusesAt: refuses(endpoint, round) ? refusingOrigin(nodes.length + 1) : null,
      }),
    )
    const keyFile = apiKey === null ? null : join(hand.dataDir, `key-${prefix}-${nodes.length}`)
    if (keyFile !== null) await writeFile(keyFile, apiKey ?? '', { mode: 0o600 })
    nodes.push(node)
    places.push({ endpoint, url: node.url, keyFile })
  }
  const { document, defaultModelName } = makeConfig({
    prefix,
    nodes: places,
    models,
    defaultModel: round.byDefault,
  })
  await hand.rollout.apply(document, hand.instances())
  const kept = held.move()
  return {
    nodesFor: (planned) => nodes.filter(({ endpoint }) => !failsFor(others(round, planned), endpoint)),
    defaultModelName,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const others = ({ planned }: Round, but: PlannedFixture): PlannedFixture[] => planned.filter((each) => each !== but)

const failsFor = (planned: readonly PlannedFixture[], endpoint: string): boolean =>
  planned.some((each) => each.fails && isNeeded(each, endpoint))

const refuses = (endpoint: string, { planned }: Round): boolean =>
  planned.some((each) => each.fixture.backend?.reply.connection_refused === true && isNeeded(each, endpoint))

const isNeeded = (planned: PlannedFixture, endpoint: string): boolean =>
  modelsOf({ planned: [planned] }).some((model) => sameEndpoint(model.endpoint, endpoint))
