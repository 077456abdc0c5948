import { abortedOnInterruption, isInterruption } from '../stack/interruption.ts'
import { overheadUsage } from './overhead-arguments.ts'
import { prepareOverhead } from './overhead-bench.ts'

/** Every benchmark by its name. */
const benches = new Map([['overhead', { usage: overheadUsage, prepare: prepareOverhead }]])
const usage = [...benches.values()].map((bench) => bench.usage).join('\n')

/** The benchmark that the arguments ask for, ready to run; null after saying what is wrong with them. */
const prepare = ([name, ...args]: string[]): ((signal: AbortSignal) => Promise<number>) | null => {
  try {
    const bench = benches.get(name ?? '')
    if (bench !== undefined) return bench.prepare(args)
    console.error(`${name === undefined ? 'Which benchmark?' : `No benchmark is named ${name}.`}\n${usage}`)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
  return null
}

const run = prepare(process.argv.slice(2))
try {
  process.exitCode = run === null ? 2 : await run(abortedOnInterruption())
} catch (error) {
  console.error(isInterruption(error) ? 'interrupted' : error)
  process.exitCode = 1
}
