import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that cannot outlive the one that started it. */
export interface GuardedProcess {
  readonly pid: number
  /** Resolves once it has ended and its last output has been read. */
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves once it has ended. */
  end(graceMs: number): Promise<Exit>
}

export interface GuardedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment: nothing is inherited. */
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Called with each line of standard output and standard error; `'inherit'`: both, and standard input, are the launcher's. */
  readonly output: 'inherit' | ((line: string) => void)
  /** Whether the process may watch the lifeline itself, on file descriptor 3. */
  readonly lifeline: boolean
}

/** Between the guard's SIGTERM and its SIGKILL: 20 checks, 50 ms apart. */
const guardChecks = 20

/** Longest wait for output that a descendant still holds open, ms. */
const outputTailMs = 250

/**
 * The shell becomes the command, so its pid is the command's. The guard in the background waits on the lifeline: a line means that the
 * command has ended, the end of file that the launcher has. It outlives every signal but SIGKILL, and works when the command is frozen.
 */
const guard = (lifeline: boolean): string => `
(
  trap '' HUP INT QUIT TERM
  read -r line <&3 && exit
  kill -TERM $$
  checks=0
  while kill -0 $$ && [ $checks -lt ${guardChecks} ]; do sleep 0.05; checks=$((checks + 1)); done
  kill -KILL $$
) </dev/null >/dev/null 2>&1 &
exec "$@"${lifeline ? '' : ' 3<&-'}`

/**
 * Starts a process in a session of its own (a terminal's Ctrl-C reaches only the launcher, which then ends things in order). It ends when the
 * launcher ends, however that happens. Throws when no shell can be started; an unknown command ends with code 127.
 */
export const spawnGuarded = async (options: GuardedProcessOptions): Promise<GuardedProcess> => {
  const { output } = options
  const stdio = output === 'inherit' ? 'inherit' : 'pipe'
  const child = spawn('sh', ['-c', guard(options.lifeline), 'guard', options.command, ...options.args], {
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: output !== 'inherit',
    stdio: [output === 'inherit' ? 'inherit' : 'ignore', stdio, stdio, 'pipe'],
  })
  const closed = once(child, 'close')
  const exited = once(child, 'exit').then(async ([code, signal]) => {
    lifeline.end('ended\n', () => lifeline.destroy())
    await Promise.race([closed, delay(outputTailMs, undefined, { ref: false })])
    return { code, signal } as Exit
  })
  // Both also reject on 'error', which the wait for 'spawn' below reports.
  closed.catch(() => undefined)
  exited.catch(() => undefined)
  const lifeline = child.stdio[3] as Writable
  // Written to when the guard may be gone already: that is no failure.
  lifeline.on('error', () => lifeline.destroy())
  if (output !== 'inherit')
    for (const stream of [child.stdout, child.stderr] as Readable[]) createInterface(stream).on('line', output)
  await once(child, 'spawn')
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal)
  return {
    pid: child.pid as number,
    exited,
    kill,
    async end(graceMs) {
      kill('SIGTERM')
      const timer = setTimeout(() => kill('SIGKILL'), graceMs)
      try {
        return await exited
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
