import { abortedOnInterruption, isInterruption } from '../stack/interruption.ts'
import { overheadUsage } from './overhead-arguments.ts'
import { overheadBench } from './overhead-bench.ts'

/** Every benchmark by its name. */
const benches = new Map([['overhead', { usage: overheadUsage, run: overheadBench }]])

const [name, ...args] = process.argv.slice(2)
const bench = benches.get(name ?? '')
if (bench === undefined) {
  console.error(
    [
      `${name === undefined ? 'Which benchmark?' : `No benchmark is named ${name}.`} There are:`,
      ...[...benches.values()].map(({ usage }) => usage),
    ].join('\n'),
  )
  process.exitCode = 2
} else {
  try {
    process.exitCode = await bench.run(args, abortedOnInterruption())
  } catch (error) {
    console.error(isInterruption(error) ? 'interrupted' : error)
    process.exitCode = 1
  }
}
