import { setTimeout as delay } from 'node:timers/promises'
import { measureIdleness } from '../cpu-clock.ts'
import type { Idleness } from '../cpu-clock.ts'
import { measure } from '../measure.ts'
import type { MeasureOptions, Measurement } from '../measure.ts'
import type { Subject } from '../subjects/subject.ts'

const idleSeconds = 3
/** A machine busier than this before the first turn is working on something else. */
const quietRatio = 0.15
/** Between two turns, so that what the one left behind does not meet the other. */
const restMs = 300

/** Runs subjects in turns, A/B/A/B, so that what else goes on in the machine meets all alike. Returns the turns of each. */
export const takeTurns = async (
  subjects: readonly Subject[],
  rounds: number,
  /** What one turn of a subject is; made anew for each turn. */
  turn: (subject: Subject, round: number) => MeasureOptions,
  onTurn: (subject: Subject, round: number, measured: Measurement) => void,
): Promise<Map<Subject, Measurement[]>> => {
  const turns = new Map(subjects.map((subject): [Subject, Measurement[]] => [subject, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [subject, measured] of turns) {
      const options = turn(subject, round)
      const one = await measure(subject, options)
      measured.push(one)
      onTurn(subject, round, one)
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

export const describeTurn = (what: string, { requests, errors, ttftMs }: Measurement): string => {
  const wrong = Object.entries(errors).map(([reason, count]) => `, ${count} × ${reason}`)
  return `${what}: ${requests} requests, TTFT p50 ${ttftMs?.p50 ?? '-'} p99 ${ttftMs?.p99 ?? '-'} ms${wrong.join('')}`
}
