import { Socket } from 'node:net'

/** Resolves once: at SIGTERM, SIGINT, or when the launcher's lifeline closes, so that a killed launcher leaves nothing behind. */
export const untilStopped = (lifelineFd: string | undefined): Promise<void> =>
  new Promise((resolve) => {
    const once = (): void => {
      lifeline?.destroy()
      resolve()
    }
    const fd = Number(lifelineFd)
    const lifeline = Number.isInteger(fd) && fd > 2 ? new Socket({ fd, readable: true, writable: false }) : undefined
    // Unreferenced: a node that cannot start must be able to exit.
    lifeline?.on('end', once).on('error', once).resume().unref()
    process.once('SIGTERM', once).once('SIGINT', once)
  })
