/** Runs the tests on real servers, fetched first when the machine has none. Ends with `N passed, N failed`; arguments are vitest's. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ensureServers, spawnGuarded } from '@penstock/local-stack'
import type { Exit } from '@penstock/local-stack'

const ROOT = dirname(import.meta.dirname)

/** The parts of vitest's JSON report that count. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

const readReport = (file: string): Report | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return null
  }
}

/** A file that cannot be loaded fails without a failed test in it; a run can fail without either. */
const count = (report: Report | null, exit: Exit): { passed: number; failed: number } => {
  const brokenFiles = report?.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = (report?.numFailedTests ?? 0) + (brokenFiles?.length ?? 0)
  return { passed: report?.numPassedTests ?? 0, failed: failed === 0 && exit.code !== 0 ? 1 : failed }
}

const runVitest = async (reportFile: string): Promise<Exit> => {
  const vitest = await spawnGuarded({
    command: process.execPath,
    args: [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
      ...process.argv.slice(2),
    ],
    cwd: ROOT,
    env: process.env,
    output: 'inherit',
    lifeline: false,
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => vitest.kill(signal))
  return vitest.exited
}

try {
  await ensureServers({ projectRoot: ROOT, onProgress: (sentence) => console.error(`penstock: ${sentence}`) })
  const folder = await mkdtemp(join(tmpdir(), 'penstock-test-'))
  try {
    const reportFile = join(folder, 'report.json')
    const exit = await runVitest(reportFile)
    const { passed, failed } = count(readReport(reportFile), exit)
    console.log(`${passed} passed, ${failed} failed`)
    process.exitCode = failed > 0 ? 1 : 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
} catch (error) {
  console.error(`penstock: ${error instanceof Error ? error.message : String(error)}`)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
