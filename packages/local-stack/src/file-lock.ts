import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Runs `work` while no other process on this machine does so under the same file. `flock` holds the lock for as long as our end of a pipe is
 * open, so a killed owner frees it. Waits without limit: the work of another owner is bounded. Throws when `flock` is missing.
 */
export const withFileLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(path), { recursive: true })
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; read -r line'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(holder, 'close')
  // Reported by the race below.
  ended.catch(() => undefined)
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!held) throw new Error(`cannot lock ${path}`)
  try {
    return await work()
  } finally {
    holder.stdin.end('\n')
    await ended
  }
}
