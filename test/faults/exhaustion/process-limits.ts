import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

type Limit = 'fsize' | 'nofile'

/** Sets what a process may use at most, until it is taken back. Throws without `prlimit` (util-linux). */
export const limitProcess = async (pid: number, limit: Limit, most: number): Promise<AsyncDisposable> => {
  const hard = (
    await run('prlimit', ['--pid', `${pid}`, `--${limit}`, '--output', 'HARD', '--noheadings'])
  ).stdout.trim()
  await run('prlimit', ['--pid', `${pid}`, `--${limit}=${most}:`])
  return {
    async [Symbol.asyncDispose]() {
      await run('prlimit', ['--pid', `${pid}`, `--${limit}=${hard}:`])
    },
  }
}

/** Files and connections that a process has open. */
export const openFiles = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length
