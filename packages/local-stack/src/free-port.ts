import { createServer } from 'node:net'
import { once } from 'node:events'
import { LaunchError } from './launch.ts'

/** Asks the system for a port on which nothing listens. Another process may take it before it is used. */
export const freePort = async (): Promise<number> => {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

const attemptsMax = 5

/** Starts something on a free port, on another one when that was taken in between. */
export const startOnFreePort = async <T>(start: (port: number) => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      const taken = error instanceof LaunchError && error.lastLines.some((line) => /address already in use/i.test(line))
      if (!taken || attempt === attemptsMax) throw error
    }
  }
}

/** Throws one line that names the port and what chooses it when nothing can listen there. */
export const requireFreePort = async (port: number, host: string, variable: string): Promise<void> => {
  const probe = createServer()
  try {
    probe.listen({ port, host, exclusive: true })
    await once(probe, 'listening')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason =
      code === 'EADDRINUSE'
        ? 'is in use'
        : code === 'EACCES'
          ? 'may not be opened by this user'
          : `cannot be opened (${String(code)})`
    throw new Error(`port ${port} ${reason}: set ${variable} to a free port, or stop what uses it`, { cause: error })
  } finally {
    probe.close()
  }
}
