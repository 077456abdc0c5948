/** What continuous integration asks of every change: format, lint, types, dead code and unit tests, as `turbo.json`
 *  lays them out. A check whose inputs are unchanged is answered from the cache. Ends with `N passed, N failed`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const ROOT = dirname(import.meta.dirname)
const CHECKS = ['format:check', 'lint', 'typecheck', 'knip', 'test:unit']
const SUMMARIES = join(ROOT, '.turbo', 'runs')

interface TurboTask {
  taskId: string
  cache: { status: string }
  execution?: { startTime: number; endTime: number; exitCode: number | null }
}

const runTurbo = async (): Promise<number | null> => {
  const turbo = spawn(
    join(ROOT, 'node_modules', '.bin', 'turbo'),
    ['run', ...CHECKS, '--continue=always', '--summarize', '--output-logs=errors-only', '--log-order=grouped'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        TURBO_TELEMETRY_DISABLED: '1',
        npm_config_update_notifier: 'false',
      },
    },
  )
  const [exitCode] = (await once(turbo, 'close')) as [number | null]
  return exitCode
}

/** Turbo's own account of the run, the one place where each task's exit status stands. */
const readTasks = (): TurboTask[] => {
  const [file] = readdirSync(SUMMARIES)
  if (file === undefined) throw new Error(`turbo left no summary in ${SUMMARIES}`)
  return (JSON.parse(readFileSync(join(SUMMARIES, file), 'utf8')) as { tasks: TurboTask[] }).tasks
}

const hasPassed = (task: TurboTask | undefined): boolean => task?.execution?.exitCode === 0

const describe = (check: string, task: TurboTask | undefined): string => {
  const verdict = hasPassed(task) ? 'passed' : 'FAILED'
  if (task?.execution === undefined) return `${check.padEnd(14)} ${verdict}  did not run`
  const seconds = ((task.execution.endTime - task.execution.startTime) / 1000).toFixed(1)
  return `${check.padEnd(14)} ${verdict}  ${task.cache.status === 'HIT' ? 'unchanged' : `${seconds} s`}`
}

rmSync(SUMMARIES, { recursive: true, force: true })
const turboExitCode = await runTurbo()
const tasks = new Map(readTasks().map((task) => [task.taskId, task]))
const results = CHECKS.map((check) => ({ check, task: tasks.get(`//#${check}`) }))
const failed = results.filter(({ task }) => !hasPassed(task)).length

for (const { check, task } of results) console.log(describe(check, task))
console.log(`${CHECKS.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 || turboExitCode !== 0 ? 1 : 0
