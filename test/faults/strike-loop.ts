import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../stack/seeded-random.ts'
import type { Scenario, Stage } from './scenario.ts'

export interface StrikeLoopOptions {
  readonly victims: readonly string[]
  readonly everyMs: number
  /** No strike begins at or after this instant of `performance.now()`. */
  readonly untilAt: number
  readonly random: Random
  /** Told of each strike: `backAfterMs` once the victim works again. */
  readonly onStrike: (victim: string, backAfterMs: number | null) => void
}

/** Strikes a random victim at each interval; a victim that is not back yet delays the next strike. Returns the number of strikes. */
export const strikeAgainAndAgain = async (
  scenario: Scenario,
  stage: Stage,
  options: StrikeLoopOptions,
): Promise<number> => {
  const { victims, everyMs, untilAt, random, onStrike } = options
  let strikes = 0
  for (let dueAt = performance.now() + everyMs; Math.max(dueAt, performance.now()) < untilAt; dueAt += everyMs) {
    await delay(Math.max(0, dueAt - performance.now()), undefined, { signal: stage.signal })
    const victim = victims[random.between(0, victims.length - 1)]
    if (victim === undefined) throw new Error('there is no one to strike')
    const struckAt = performance.now()
    onStrike(victim, null)
    strikes += 1
    const who = (await scenario.strike(victim, stage)) ?? victim
    onStrike(who, performance.now() - struckAt)
  }
  return strikes
}
