import { parseArgs } from 'node:util'
import { subjectNames } from './overhead.ts'
import type { SubjectName } from './overhead.ts'

export interface OverheadArguments {
  readonly json: boolean
  readonly profile: boolean
  readonly out: string | undefined
  readonly subjects: SubjectName[]
  readonly rates: number[]
  readonly secondsPerTurn: number
  readonly rounds: number
  readonly warmUpMs: number
  readonly seed: number
}

export const overheadUsage = `npm run bench -- overhead [options]
  --json             print one JSON document on standard output
  --out FILE         write that document to a file as well
  --quick            turns of 3 s, 2 rounds: a look, not a figure
  --seconds N        measured part of a turn (12)
  --rounds N         turns of each subject at each rate (3)
  --rates A,B        requests per second (20,100,200)
  --subjects A,B     of direct, penstock
  --seed N           repeats the arrivals and prompts of a run
  --profile          Penstock only, one rate (100), with CPU profiles: prints where each service spends its time`

const secondsMax = 600
const roundsMax = 20
const rateMax = 2000

/** Reads the arguments behind `overhead`. Throws one line that names the wrong one. */
export const readOverheadArguments = (args: readonly string[], randomSeed: () => number): OverheadArguments => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      rates: { type: 'string' },
      subjects: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  const { quick, profile } = values
  return {
    json: values.json,
    profile,
    out: values.out,
    subjects: values.subjects?.split(',').map(subjectOf) ?? (profile ? ['penstock'] : [...subjectNames]),
    rates: (values.rates ?? (profile ? '100' : '20,100,200'))
      .split(',')
      .map((rate) => within('--rates', rate, 1, rateMax)),
    secondsPerTurn: within('--seconds', values.seconds ?? (quick ? '3' : '12'), 1, secondsMax),
    rounds: within('--rounds', values.rounds ?? (profile ? '1' : quick ? '2' : '3'), 1, roundsMax),
    warmUpMs: quick ? 1500 : 3000,
    seed: values.seed === undefined ? randomSeed() : within('--seed', values.seed, 0, 2 ** 32 - 1),
  }
}

const subjectOf = (name: string): SubjectName => {
  const known = subjectNames.find((subject) => subject === name)
  if (known === undefined)
    throw new Error(`--subjects: no subject is named ${name}; there are ${subjectNames.join(' and ')}`)
  return known
}

const within = (option: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`${option} must be a whole number from ${min} to ${max}, not ${text}`)
  return value
}
