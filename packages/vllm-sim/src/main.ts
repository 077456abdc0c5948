import { nodeOptions } from './environment.ts'
import { startSimulatedNode } from './simulated-node.ts'
import { untilStopped } from './until-stopped.ts'

const stopped = untilStopped(process.env['PENSTOCK_LIFELINE_FD'])
try {
  await using node = await startSimulatedNode(nodeOptions(process.env))
  process.stdout.write(`${JSON.stringify({ ready: true, url: node.url, adminUrl: node.adminUrl })}\n`)
  await stopped
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
