import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describeProfile, readProfiles, summarizeProfile } from './cpu-profile.ts'
import { describeMachine } from './machine.ts'
import { readOverheadArguments } from './overhead-arguments.ts'
import type { OverheadArguments } from './overhead-arguments.ts'
import { generatorLateness, missedAims, overheadRows, overheadTable } from './overhead-report.ts'
import { measureOverhead, workload } from './overhead.ts'

const projectRoot = resolve(import.meta.dirname, '../..')
const functionsShown = 18

/** Reads the arguments (throws one line that names the wrong one) and gives what runs the benchmark. */
export const prepareOverhead = (args: readonly string[]): ((signal: AbortSignal) => Promise<number>) => {
  const options = readOverheadArguments(args, () => Date.now() % 2 ** 32)
  return (signal) => runOverhead(options, ['npm run bench -- overhead', ...args].join(' '), signal)
}

/** Measures what Penstock adds to a request, and prints it. Returns the exit status: 1 when answers at the rates of the aims were wrong or missing. */
const runOverhead = async (options: OverheadArguments, command: string, signal: AbortSignal): Promise<number> => {
  const { json, profile, out, seed, secondsPerTurn, rounds } = options
  console.error(`seed ${seed}`)
  await using held = new AsyncDisposableStack()
  const profileDir = await mkdtemp(join(tmpdir(), 'penstock-profiles-'))
  held.defer(() => rm(profileDir, { recursive: true, force: true }))
  const { cells, idle } = await measureOverhead({
    ...options,
    signal,
    onProgress: (sentence) => console.error(sentence),
    ...(profile
      ? {
          serviceEnv: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` },
          onStopped: (pids) => printProfiles(profileDir, pids),
        }
      : {}),
  })
  const rows = overheadRows(cells)
  const missed = missedAims(rows)
  const document = {
    rows,
    missedAims: missed,
    workload,
    seed,
    secondsPerTurn,
    rounds,
    generatorLatenessMs: generatorLateness(rows),
    idleCpuMsPerSecond: Object.fromEntries(idle.cpuMsPerSecond),
    idleMachineBusyRatio: idle.machineBusyRatio,
    machine: await describeMachine(projectRoot),
    date: new Date().toISOString(),
    command,
  }
  const text = JSON.stringify(document, null, 2)
  if (out !== undefined) {
    const file = resolve(projectRoot, out)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `${text}\n`)
  }
  if (json) console.log(text)
  else console.log([overheadTable(rows), ...missed.map((sentence) => `missed: ${sentence}`)].join('\n'))
  return missed.some((sentence) => sentence.includes('without a right answer')) ? 1 : 0
}

const printProfiles = async (dir: string, pids: ReadonlyMap<string, number>): Promise<void> => {
  const profiles = await readProfiles(dir)
  for (const [name, pid] of pids) {
    const profile = profiles.get(pid)
    if (profile !== undefined) console.error(describeProfile(name, summarizeProfile(profile, functionsShown)))
  }
}
