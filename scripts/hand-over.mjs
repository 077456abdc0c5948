import { constants } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { spawnGuarded } from './guarded-child.mjs'

const PARENT_CHECK_MS = 200

/** npm passes signals on, but not its own SIGKILL: then this script goes too, and its guards end what it started. */
export const endWithNpm = () => {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1)
  }, PARENT_CHECK_MS).unref()
}

/** Runs a file with this Node as if it had been started in place of this script. Resolves to its exit code. */
export const handOver = (node, args) =>
  new Promise((resolve, reject) => {
    const child = spawnGuarded(node, args, {
      env: { ...process.env, PATH: [dirname(node), process.env.PATH].filter(Boolean).join(delimiter) },
      stdio: ['inherit', 'inherit', 'inherit'],
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
