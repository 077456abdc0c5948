/** Runs a stack with one frozen service until it is asked to stop. Tells what it runs as a line of JSON. */
import { join } from 'node:path'
import { startLocalStack } from '../src/index.ts'

const entry = join(import.meta.dirname, 'service.ts')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

await using stack = await startLocalStack({
  projectRoot: join(import.meta.dirname, '../../..'),
  dataDir: process.env['FIXTURE_DATA_DIR'] as string,
  services: ['steady', 'frozen'].map((name) => ({ name, entry, readyWithinMs: 10_000 })),
  env: process.env,
  signal: stop.signal,
})
if (process.env['FIXTURE_FREEZE'] !== undefined) stack.kill('frozen', 'SIGSTOP')
const pids = ['nats', 'redis', 'steady', 'frozen'].map((name) => stack.process(name).pid)
process.stdout.write(`${JSON.stringify({ started: true, launcher: process.pid, runner: process.ppid, pids })}\n`)
// A pending signal alone does not keep a process alive.
const alive = setInterval(() => undefined, 60_000)
await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
clearInterval(alive)
