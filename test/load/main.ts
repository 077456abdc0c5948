import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { abortedOnInterruption, isInterruption } from '../stack/interruption.ts'
import { benchUsage, readBenchArguments } from './bench-arguments.ts'
import type { BenchArguments } from './bench-arguments.ts'
import { describeMachine } from './machine.ts'
import { writePage } from './report/page.ts'
import type { Suite, SuiteResult } from './suites/suite.ts'
import { TurnBudget, suiteBudgetMs } from './suites/turn-budget.ts'

const projectRoot = resolve(import.meta.dirname, '../..')

const docs = join(projectRoot, 'docs')

const run = async (wanted: BenchArguments, command: string, signal: AbortSignal): Promise<number> => {
  const { suites, options, json, out, reportOnly } = wanted
  if (reportOnly) return await report()
  console.error(`seed ${options.seed}`)
  const machine = await describeMachine(projectRoot)
  const documents: Record<string, object> = {}
  const failures: string[] = []
  for (const suite of suites) {
    const startedAt = performance.now()
    const result = await runSuite(suite, wanted, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      console.error(error)
      failures.push(`${suite.name}: ${error instanceof Error ? error.message : String(error)}`)
    })
    if (result === undefined) continue
    const { rows, text, facts, absent } = result
    failures.push(...result.failures)
    const document = {
      suite: suite.name,
      rows,
      absent,
      ...facts,
      quick: options.quick,
      seed: options.seed,
      machine,
      date: new Date().toISOString(),
      tookSeconds: Math.round((performance.now() - startedAt) / 1000),
      command,
    }
    documents[suite.name] = document
    if (out !== undefined) await writeDocument(fileFor(out, suite, suites.length), document)
    if (!json) console.log([`\n${suite.name}: ${suite.summary}`, text, ...absent.map(describeAbsent)].join('\n'))
  }
  if (json)
    console.log(JSON.stringify(suites.length === 1 ? Object.values(documents)[0] : { suites: documents }, null, 2))
  if (
    out !== undefined &&
    suites.some((suite) => dirname(fileFor(out, suite, suites.length)) === join(docs, 'benchmarks'))
  )
    await report()
  for (const failure of failures) console.error(`failed: ${failure}`)
  return failures.length === 0 ? 0 : 1
}

const runSuite = async (suite: Suite, { options }: BenchArguments, signal: AbortSignal): Promise<SuiteResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  try {
    return await suite.run({
      options: { ...options, subjects: options.subjects?.filter((name) => suite.subjects.includes(name)) },
      folder,
      signal,
      budget: new TurnBudget(options.quick ? suiteBudgetMs.quick : suiteBudgetMs.whole),
      onProgress: (sentence) => console.error(sentence),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const report = async (): Promise<number> => {
  const shown = await writePage(docs)
  console.error(`docs/benchmarks.md shows ${shown.join(', ')}`)
  return 0
}

const describeAbsent = ({ subject, reason }: SuiteResult['absent'][number]): string => `${subject}: no part, ${reason}`

/** The named file for one suite; `SUITE.json` in a named folder otherwise. */
const fileFor = (out: string, suite: Suite, suiteCount: number): string => {
  const path = resolve(projectRoot, out)
  return extname(path) === '.json' && suiteCount === 1 ? path : join(path, `${suite.name}.json`)
}

/** Written as soon as a suite ends: what a later one does cannot lose it. */
const writeDocument = async (file: string, document: object): Promise<void> => {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(document, null, 2)}\n`)
}

const args = process.argv.slice(2)
/** What the arguments ask for; null after saying what is wrong with them. */
const read = (): BenchArguments | null => {
  try {
    return readBenchArguments(args, () => Date.now() % 2 ** 32)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${benchUsage()}`)
    return null
  }
}

const wanted = read()
try {
  const command = ['npm run bench --', ...args].join(' ')
  process.exitCode = wanted === null ? 2 : await run(wanted, command, abortedOnInterruption())
} catch (error) {
  console.error(isInterruption(error) ? 'interrupted' : error)
  process.exitCode = 1
}
