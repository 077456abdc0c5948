import { simulatorCommand } from './command-line.ts'
import { startSimulatedNode } from './simulated-node.ts'
import { untilStopped } from './until-stopped.ts'

const command = simulatorCommand(process.argv.slice(2))
switch (command.kind) {
  case 'help':
    process.stdout.write(command.text)
    break
  case 'wrong':
    process.stderr.write(`penstock-sim: ${command.message}\n`)
    process.exitCode = 2
    break
  case 'run': {
    const stopped = untilStopped(undefined)
    try {
      await using running = new AsyncDisposableStack()
      for (const [index, options] of command.nodes.entries()) {
        const { url, adminUrl } = running.use(await startSimulatedNode(options))
        const line = command.json
          ? JSON.stringify({ ready: true, url, adminUrl })
          : `node ${index + 1}  ${url}  admin ${adminUrl}`
        process.stdout.write(`${line}\n`)
      }
      await stopped
    } catch (error) {
      process.stderr.write(`penstock-sim: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
}
