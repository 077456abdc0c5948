import { setTimeout as delay } from 'node:timers/promises'
import { spawnGuarded } from '@penstock/local-stack'
import { Unavailable } from './peer-folder.ts'

export interface PeerProcess extends AsyncDisposable {
  readonly pid: number
}

export interface PeerCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Answers with a status below 500 once the peer takes requests. */
  readonly readyUrl: string
  readonly readyWithinMs?: number
}

const pollMs = 100
const linesKept = 20

/** Starts a peer that ends with this process at the latest, and waits until it answers. Throws Unavailable with its last words. */
export const startPeerProcess = async (peer: PeerCommand, signal: AbortSignal): Promise<PeerProcess> => {
  const { command, args, env = {}, cwd, readyUrl, readyWithinMs = 60_000 } = peer
  const lines: string[] = []
  const running = await spawnGuarded({
    command,
    args,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    ...(cwd === undefined ? {} : { cwd }),
    output(line) {
      lines.push(line)
      if (lines.length > linesKept) lines.shift()
    },
    lifeline: false,
  })
  let ended = false
  void running.exited.then(() => (ended = true))
  const stop = async (): Promise<void> => void (await running.end(2000))
  const mustBeAt = performance.now() + readyWithinMs
  try {
    for (;;) {
      signal.throwIfAborted()
      if (ended) throw new Unavailable(`ended at its start: ${lastWords(lines)}`)
      const answered = await fetch(readyUrl, { signal: AbortSignal.timeout(2000) }).then(
        async (response) => {
          await response.arrayBuffer()
          return response.status < 500
        },
        () => false,
      )
      if (answered) return { pid: running.pid, [Symbol.asyncDispose]: stop }
      if (performance.now() > mustBeAt)
        throw new Unavailable(`does not answer within ${readyWithinMs / 1000} s: ${lastWords(lines)}`)
      await delay(pollMs)
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The last line that says something; colours are left out. */
const lastWords = (lines: readonly string[]): string =>
  // eslint-disable-next-line no-control-regex -- terminal colours begin with that character
  (lines.findLast((line) => line.trim() !== '') ?? 'it said nothing').replaceAll(/\u001B\[[\d;]*m/g, '').slice(0, 300)
