import { Socket } from 'node:net'
import { nodeOptions } from './environment.ts'
import { startSimulatedNode } from './simulated-node.ts'

/** Calls back once: at SIGTERM, SIGINT, or when the launcher's lifeline closes, so that a killed launcher leaves nothing behind. */
const onStop = (stop: () => void): void => {
  const once = (): void => {
    lifeline?.destroy()
    stop()
  }
  const fd = Number(process.env['PENSTOCK_LIFELINE_FD'])
  const lifeline = Number.isInteger(fd) && fd > 2 ? new Socket({ fd, readable: true, writable: false }) : undefined
  // Unreferenced: a node that cannot start must be able to exit.
  lifeline?.on('end', once).on('error', once).resume().unref()
  process.once('SIGTERM', once).once('SIGINT', once)
}

const stopped = new Promise<void>((resolve) => onStop(resolve))
try {
  await using node = await startSimulatedNode(nodeOptions(process.env))
  process.stdout.write(`${JSON.stringify({ ready: true, url: node.url, adminUrl: node.adminUrl })}\n`)
  await stopped
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
