import { parseArgs } from 'node:util'
import { abortedOnInterruption, isInterruption } from '../stack/interruption.ts'
import { runScenario } from './run-scenario.ts'
import type { RunReport } from './run-scenario.ts'
import { workerFreeze } from './scenarios/worker-freeze.ts'
import { workerKill } from './scenarios/worker-kill.ts'

const scenarios = [workerKill, workerFreeze]
const secondsMax = 3600

const usage = [
  'npm run faults -- SCENARIO [--seconds 60] [--seed N] [--json]',
  ...scenarios.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`),
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

const main = async (args: string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const scenario = scenarios.find(({ name }) => name === positionals[0])
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed)
  if (scenario === undefined || positionals.length > 1) {
    console.error(
      `${positionals.length === 0 ? 'Which scenario?' : `No scenario is named ${positionals.join(' ')}.`}\n${usage}`,
    )
    return 2
  }
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > secondsMax || !Number.isInteger(seed) || seed < 0) {
    console.error(`--seconds must be a whole number from 1 to ${secondsMax}, --seed a whole number.\n${usage}`)
    return 2
  }
  console.error(`${scenario.name} for ${seconds} s, seed ${seed}`)
  const report = await runScenario(scenario, {
    seconds,
    concurrent: 20,
    seed,
    signal: abortedOnInterruption(),
    onProgress: (sentence) => console.error(sentence),
  })
  return print(report, values.json)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(isInterruption(error) ? 'interrupted' : error)
  process.exitCode = 1
}
