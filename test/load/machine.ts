import { execFile } from 'node:child_process'
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { ensureServers } from '@penstock/local-stack'

const run = promisify(execFile)

/** What a figure was measured on: a figure without it means nothing. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly natsServer: string
  readonly redisServer: string
}

/** Asks this machine and the servers that the stack uses on it. */
export const describeMachine = async (projectRoot: string): Promise<Machine> => {
  const { natsServer, redisServer } = await ensureServers({ projectRoot })
  const version = async ({ path, env }: typeof natsServer): Promise<string> => {
    const { stdout } = await run(path, ['--version'], { env: { ...process.env, ...env }, timeout: 5000 })
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim()
  }
  return {
    cpu: cpus()[0]?.model ?? arch(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    natsServer: await version(natsServer),
    redisServer: await version(redisServer),
  }
}
