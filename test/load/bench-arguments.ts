import { parseArgs } from 'node:util'
import { suites } from './suites/registry.ts'
import type { BenchOptions, Suite } from './suites/suite.ts'
import { workloadNames } from './workloads/registry.ts'

export interface BenchArguments {
  readonly suites: readonly Suite[]
  /** Only the page is made anew from what was measured before. */
  readonly reportOnly: boolean
  readonly json: boolean
  /** A file for one suite, a folder for several. */
  readonly out: string | undefined
  readonly options: BenchOptions
}

export const benchUsage = (): string => `npm run bench -- SUITE… [options], or: npm run bench -- report
${suites.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}
  report       docs/benchmarks.md and its charts, from the JSON in docs/benchmarks
options
  --json           print one JSON document on standard output
  --out PATH       write the document to a file as well; a folder gets SUITE.json of each and the page beside it
  --quick          a look, not a figure: each suite in a few minutes
  --subjects A,B   of ${[...new Set(suites.flatMap(({ subjects }) => subjects))].join(', ')}
  --seconds N      measured part of a turn
  --rounds N       turns of each subject
  --rates A,B      requests per second; for goodput multiples of capacity, for streams how many
  --workload A,B   of ${workloadNames.join(', ')}
  --trace FILE     replay this file of the workload's own kind instead of the sample
  --seed N         repeats the arrivals and prompts of a run
  --profile        Penstock only, one rate, with CPU profiles: prints where each service spends its time`

/** Reads the arguments. Throws one line that names the wrong one and what there is. */
export const readBenchArguments = (args: readonly string[], randomSeed: () => number): BenchArguments => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      rates: { type: 'string' },
      subjects: { type: 'string' },
      workload: { type: 'string' },
      trace: { type: 'string' },
      seed: { type: 'string' },
    },
  })
  const reportOnly = positionals.length === 1 && positionals[0] === 'report'
  const chosen = reportOnly ? [] : positionals.map((name) => pick('suite', name, suites))
  if (!reportOnly && chosen.length === 0)
    throw new Error(`Which suite? There are ${suites.map(({ name }) => name).join(', ')}.`)
  const subjects = values.subjects?.split(',').map((name) => {
    const known = new Set(chosen.flatMap((suite) => suite.subjects))
    if (!known.has(name)) throw new Error(`--subjects: no subject is named ${name}; there are ${[...known].join(', ')}`)
    return name
  })
  const workloads = values.workload?.split(',').map((name) => {
    if (!workloadNames.includes(name))
      throw new Error(`--workload: no workload is named ${name}; there are ${workloadNames.join(', ')}`)
    return name
  })
  return {
    suites: chosen,
    reportOnly,
    json: values.json,
    out: values.out,
    options: {
      subjects,
      workloads,
      trace: values.trace,
      seconds: values.seconds === undefined ? undefined : whole('--seconds', values.seconds, 1, 600),
      rounds: values.rounds === undefined ? undefined : whole('--rounds', values.rounds, 1, 20),
      rates: values.rates?.split(',').map((rate) => within('--rates', rate, 0.1, 5000)),
      seed: values.seed === undefined ? randomSeed() : whole('--seed', values.seed, 0, 2 ** 32 - 1),
      quick: values.quick,
      profile: values.profile,
    },
  }
}

const pick = <T extends { readonly name: string }>(what: string, name: string, all: readonly T[]): T => {
  const found = all.find((one) => one.name === name)
  if (found === undefined)
    throw new Error(`No ${what} is named ${name}; there are ${all.map((one) => one.name).join(', ')}.`)
  return found
}

const within = (option: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max)
    throw new Error(`${option} must be a number from ${min} to ${max}, not ${text}`)
  return value
}

const whole = (option: string, text: string, min: number, max: number): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
    throw new Error(`${option} must be a whole number from ${min} to ${max}, not ${text}`)
  return value
}
