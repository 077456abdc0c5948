import { execFile } from 'node:child_process'

export interface CommandResult {
  /** Null: it could not be started, or was ended by a signal. */
  readonly code: number | null
  readonly stdout: string
  /** Standard error; the reason, when it could not be started. */
  readonly stderr: string
}

/** Runs a short command to its end. Never throws: failing is a result. */
export const runCommand = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const { timeoutMs, ...rest } = options
    execFile(command, args, { ...rest, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr })
      else
        resolve({
          code: typeof error.code === 'number' ? error.code : null,
          stdout,
          stderr: stderr.trim() === '' ? error.message : stderr,
        })
    })
  })
