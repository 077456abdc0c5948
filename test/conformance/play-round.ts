import { planRounds } from './plan-rounds.ts'
import type { PlannedFixture, Round } from './plan-rounds.ts'
import { runFixture } from './run-fixture.ts'
import type { FixtureBench } from './run-fixture.ts'
import { setStage } from './set-stage.ts'
import type { Stage, StageHand } from './set-stage.ts'

/** Why a fixture failed, a line each; empty: it passed. */
export interface Verdict {
  readonly name: string
  readonly problems: readonly string[]
}

export interface Players {
  readonly bench: FixtureBench
  readonly hand: StageHand
  readonly signal: AbortSignal
}

/** Plays a round's fixtures one after the other. Fixtures whose common stage cannot be set get one each. */
export async function* playRound(round: Round, players: Players): AsyncGenerator<Verdict> {
  const { planned } = round
  const stage = await setStage(round, players.hand).catch(messageOf)
  if (typeof stage !== 'string') {
    await using played = stage
    for (const each of planned) yield await play(each, played, players)
  } else if (planned.length === 1)
    for (const { fixture } of planned) yield { name: fixture.name, problems: [`could not be played: ${stage}`] }
  else {
    console.error(`conformance: ${planned.length} fixtures are played one by one: ${stage}`)
    for (const { fixture } of planned) for (const single of planRounds([fixture])) yield* playRound(single, players)
  }
}

const play = async (planned: PlannedFixture, stage: Stage, { bench, signal }: Players): Promise<Verdict> => {
  signal.throwIfAborted()
  const { name } = planned.fixture
  try {
    const differences = await runFixture(planned, stage, bench)
    const problems = differences.map(
      ({ path, expected, got }) => `${path}\n    expected ${expected}\n    got      ${got}`,
    )
    return { name, problems }
  } catch (error) {
    return { name, problems: [`could not be played: ${messageOf(error)}`] }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
