import { setTimeout as delay } from 'node:timers/promises'
import { measureIdleness } from '../cpu-clock.ts'
import type { Idleness } from '../cpu-clock.ts'
import { measure } from '../measure.ts'
import type { MeasureOptions, Measurement } from '../measure.ts'
import type { Subject } from '../subjects/subject.ts'
import type { TurnBudget } from './turn-budget.ts'

const idleSeconds = 3
/** A machine busier than this before the first turn is working on something else. */
const quietRatio = 0.15
/** Between two turns, so that what the one left behind does not meet the other. */
const restMs = 300

export interface Turns {
  readonly subjects: readonly Subject[]
  readonly rounds: number
  /** What is measured, for people. */
  readonly what: string
  readonly budget: TurnBudget
  /** What one turn of a subject is; made anew for each turn. */
  readonly turn: (subject: Subject, round: number) => MeasureOptions
  readonly onProgress: (sentence: string) => void
}

/**
 * Runs subjects in turns, A/B/A/B, so that what else goes on in the machine meets all alike. Returns the turns of each, fewer or none when
 * the budget is spent or one fails. Throws when aborted.
 */
export const takeTurns = async ({
  subjects,
  rounds,
  what,
  budget,
  turn,
  onProgress,
}: Turns): Promise<Map<Subject, Measurement[]>> => {
  const turns = new Map(subjects.map((subject): [Subject, Measurement[]] => [subject, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [subject, measured] of turns) {
      const name = `${subject.name} ${what}, round ${round} of ${rounds}`
      const options = turn(subject, round)
      if (!budget.fits(name, options.warmUpMs + options.measuredMs + options.drainMs)) continue
      const one = await tryTurn(subject, options, name, budget)
      if (one === null) continue
      measured.push(one)
      onProgress(describeTurn(name, one))
      await delay(restMs, undefined, { signal: options.signal })
    }
  }
  return turns
}

/** How busy the subjects and the machine are while nothing is asked; says so when that is too much for a figure. */
export const checkQuiet = async (
  subjects: readonly Subject[],
  onProgress: (sentence: string) => void,
): Promise<Idleness> => {
  const pids = new Map(subjects.flatMap((subject) => [...subject.pids()]))
  const idle = await measureIdleness(pids, idleSeconds)
  if (idle.machineBusyRatio > quietRatio) {
    const percent = Math.round(idle.machineBusyRatio * 100)
    onProgress(`the machine is ${percent} % busy with nothing asked: what is measured now is no figure`)
  }
  return idle
}

/** One turn; null, with the reason noted, when it fails otherwise than by being interrupted. */
export const tryTurn = async (
  subject: Subject,
  options: MeasureOptions,
  name: string,
  budget: TurnBudget,
): Promise<Measurement | null> => {
  try {
    return await measure(subject, options)
  } catch (error) {
    options.signal.throwIfAborted()
    budget.failed(name, error)
    return null
  }
}

const describeTurn = (what: string, { requests, errors, ttftMs }: Measurement): string => {
  const wrong = Object.entries(errors).map(([reason, count]) => `, ${count} × ${reason}`)
  return `${what}: ${requests} requests, TTFT p50 ${ttftMs?.p50 ?? '-'} p99 ${ttftMs?.p99 ?? '-'} ms${wrong.join('')}`
}
