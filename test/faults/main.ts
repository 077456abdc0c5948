import { parseArgs } from 'node:util'
import { abortedOnInterruption, isInterruption } from '../stack/interruption.ts'
import { runNodeFaults } from './node-faults/run-node-faults.ts'
import { runScenario } from './run-scenario.ts'
import type { RunReport } from './run-scenario.ts'
import type { NodeFaultReport } from './node-faults/run-node-faults.ts'
import type { Scenario } from './scenario.ts'
import { badNetwork } from './scenarios/bad-network.ts'
import { busPartition } from './scenarios/bus-partition.ts'
import { exhaustion } from './scenarios/exhaustion.ts'
import { ingressKill } from './scenarios/ingress-kill.ts'
import { partition } from './scenarios/partition.ts'
import { randomFreeze } from './scenarios/random-freeze.ts'
import { randomKill } from './scenarios/random-kill.ts'
import { rollingRestart } from './scenarios/rolling-restart.ts'
import { wipe } from './scenarios/wipe.ts'
import { workerFreeze } from './scenarios/worker-freeze.ts'
import { workerKill } from './scenarios/worker-kill.ts'

const scenarios = [
  workerKill,
  workerFreeze,
  randomKill,
  ingressKill,
  randomFreeze,
  partition,
  busPartition,
  badNetwork,
  wipe,
  rollingRestart,
  exhaustion,
]
const secondsMax = 3600

/** Not under load, and over when every cell was played: takes no time and no seed. */
const nodeFaults = {
  name: 'node-faults',
  summary: 'F8: every fault of a node against three APIs, at one node and at all of them, by an outcome table',
} as const

const usage = [
  'npm run faults -- SCENARIO [--seconds 60 | --minutes N] [--seed N] [--victim NAME] [--json]',
  ...[...scenarios, nodeFaults].map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`),
].join('\n')

/** Prints the report, as one JSON document or for people. Returns the exit status. */
const print = (report: RunReport, json: boolean): number => {
  if (json) console.log(JSON.stringify(report, null, 2))
  else {
    const { scenario, verdict, failures, problems, ...facts } = report
    for (const [name, value] of Object.entries(facts)) console.log(`${name.padStart(18)}  ${value}`)
    for (const problem of problems) console.log(`  ${problem}`)
    console.log([`${scenario}: ${verdict}`, ...failures].join('\n  '))
  }
  return report.verdict === 'pass' ? 0 : 1
}

interface FaultArguments {
  readonly scenario: Scenario | typeof nodeFaults
  readonly seconds: number
  readonly seed: number
  readonly victim?: string
  readonly json: boolean
}

/** Throws one line that names what is wrong. */
const readArguments = (args: string[]): FaultArguments => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
      victim: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const scenario = [...scenarios, nodeFaults].find(({ name }) => name === positionals[0])
  if (positionals.length === 0) throw new Error('Which scenario?')
  if (scenario === undefined || positionals.length > 1)
    throw new Error(`No scenario is named ${positionals.join(' ')}.`)
  const asked = values.minutes === undefined ? Number(values.seconds) : Number(values.minutes) * 60
  const [seconds, seed] = [asked, Number(values.seed)]
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > secondsMax) {
    throw new Error(
      `--seconds must be a whole number from 1 to ${secondsMax}, not ${values.minutes === undefined ? values.seconds : `${values.minutes} minutes`}`,
    )
  }
  if (!Number.isInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not ${values.seed}`)
  return {
    scenario,
    seconds,
    seed,
    ...(values.victim === undefined ? {} : { victim: values.victim }),
    json: values.json,
  }
}

const printCells = (report: NodeFaultReport, json: boolean): number => {
  const { scenario, verdict, failures, cells, ...facts } = report
  if (json) console.log(JSON.stringify(report, null, 2))
  else {
    for (const { fault, at, api, got, tookMs, calls } of cells)
      console.log(`${api.padEnd(16)} ${at.padEnd(11)} ${fault.padEnd(36)} ${got} (${tookMs} ms, ${calls} calls)`)
    console.log([`${scenario}: ${verdict}, ${facts.right} of ${facts.of} right`, ...failures].join('\n  '))
  }
  return verdict === 'pass' ? 0 : 1
}

const run = async ({ scenario, json, ...options }: FaultArguments): Promise<number> => {
  const signal = abortedOnInterruption()
  const onProgress = (sentence: string): void => console.error(sentence)
  if (!('strike' in scenario)) return printCells(await runNodeFaults({ signal, onProgress }), json)
  console.error(`${scenario.name} for ${options.seconds} s, seed ${options.seed}`)
  return print(await runScenario(scenario, { ...options, signal, onProgress }), json)
}

const prepare = (args: string[]): FaultArguments | null => {
  try {
    return readArguments(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return null
  }
}

const wanted = prepare(process.argv.slice(2))
try {
  process.exitCode = wanted === null ? 2 : await run(wanted)
} catch (error) {
  console.error(isInterruption(error) ? 'interrupted' : error)
  process.exitCode = 1
}
