import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isRunning, markedProcesses } from '../test-fixtures/marked-processes.ts'

const root = join(import.meta.dirname, '../../..')
const launcherEntry = join(import.meta.dirname, '../test-fixtures/launcher.ts')

interface Started {
  readonly child: ChildProcess
  readonly launcher: number
  readonly runner: number
  readonly mark: string
  /** Of both servers and both services. */
  readonly pids: number[]
}

/** Starts a command that runs the launcher, and waits until its stack runs. */
const startMarked = async (
  command: string,
  args: string[],
  cwd: string,
  extra: NodeJS.ProcessEnv = {},
): Promise<Started> => {
  const mark = crypto.randomUUID()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...extra, MARK: mark, FIXTURE_DATA_DIR: cwd },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout as Readable)) {
    if (!line.startsWith('{"started":true')) continue
    const told = JSON.parse(line) as { launcher: number; runner: number; pids: number[] }
    expect(told.pids.every(isRunning)).toBe(true)
    // The launcher, NATS, two services, and a guard for each of these and Redis.
    expect(markedProcesses(mark).length).toBeGreaterThanOrEqual(8)
    return { child, mark, ...told }
  }
  throw new Error('the launcher ended before its stack ran')
}

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'orphans-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A project like this one, whose `npm start` runs the launcher. */
const projectWithLauncher = async (): Promise<string> => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'scripts'))
  for (const name of ['run.mjs', 'guarded-child.mjs', 'hand-over.mjs', 'packages.mjs', 'project-node.mjs']) {
    cpSync(join(root, 'scripts', name), join(folder, 'scripts', name))
  }
  const carried = `node-${process.platform}-${process.arch}`
  if (existsSync(join(root, 'node_modules', carried)))
    symlinkSync(join(root, 'node_modules', carried), join(folder, 'node_modules', carried))
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ type: 'module', scripts: { start: 'exec node scripts/run.mjs start' } }),
  )
  writeFileSync(join(folder, 'package-lock.json'), '{}')
  writeFileSync(
    join(folder, 'scripts/start.ts'),
    `await import(${JSON.stringify(pathToFileURL(launcherEntry).href)})\n`,
  )
  const packages = (await import(pathToFileURL(join(folder, 'scripts/packages.mjs')).href)) as {
    writeStamp(root: string, mode: string): void
  }
  packages.writeStamp(folder, 'runtime')
  return folder
}

/** Waits until nothing with the mark runs, for 2 s at most. */
const untilNothingRuns = async ({ mark, pids }: Started): Promise<void> => {
  const running = (): (string | number)[] => [...markedProcesses(mark), ...pids.filter(isRunning)]
  const lastAt = performance.now() + 2000
  while (running().length > 0 && performance.now() < lastAt) await delay(20)
  expect(running()).toEqual([])
}

test('nothing is left 2 s after the launcher was killed, not even a frozen service', async () => {
  const started = await startMarked(process.execPath, [launcherEntry], temporaryFolder(), { FIXTURE_FREEZE: 'yes' })
  started.child.kill('SIGKILL')
  await untilNothingRuns(started)
})

test('nothing is left 2 s after npm was killed', async () => {
  const started = await startMarked('npm', ['start'], await projectWithLauncher())
  started.child.kill('SIGKILL')
  await untilNothingRuns(started)
})

test('nothing is left 2 s after the script that npm runs was killed', async () => {
  const started = await startMarked('npm', ['start'], await projectWithLauncher())
  process.kill(started.runner, 'SIGKILL')
  await untilNothingRuns(started)
})

test('nothing is left 2 s after the launcher below npm was killed, and npm reports it', async () => {
  const started = await startMarked('npm', ['start', '--silent'], await projectWithLauncher())
  const closed = once(started.child, 'close')
  process.kill(started.launcher, 'SIGKILL')
  await untilNothingRuns(started)
  expect(await closed).toEqual([137, null])
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s to the script that npm runs ends everything cleanly', async (signal) => {
  const started = await startMarked('npm', ['start', '--silent'], await projectWithLauncher())
  const closed = once(started.child, 'close')
  process.kill(started.runner, signal)
  expect(await closed).toEqual([0, null])
  await untilNothingRuns(started)
})
