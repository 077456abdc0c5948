/** Entry of every npm script that needs the project's packages. Runs on the machine's own Node (20 or later) with nothing installed. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endWithNpm, handOver } from './hand-over.mjs'
import { ensurePackages } from './packages.mjs'
import { projectNode } from './project-node.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** Task → the TypeScript file that does it. */
const ENTRIES = {
  start: 'scripts/start.ts',
  test: 'scripts/test.ts',
  verify: 'scripts/verify.ts',
  conformance: 'test/conformance/main.ts',
  faults: 'test/faults/main.ts',
  bench: 'test/load/main.ts',
  penstock: 'packages/cli/src/main.ts',
  'penstock-sim': 'packages/vllm-sim/src/penstock-sim.ts',
}

/** Standard output belongs to the task. */
const say = (line) => process.stderr.write(`penstock: ${line}\n`)

const [task, ...args] = process.argv.slice(2)
const entry = Object.hasOwn(ENTRIES, task ?? '') ? ENTRIES[task] : undefined

if (entry === undefined) {
  say(`usage: node scripts/run.mjs ${Object.keys(ENTRIES).join('|')} [arguments]`)
  process.exitCode = 2
} else {
  endWithNpm()
  try {
    await ensurePackages(ROOT, task === 'start' ? 'runtime' : 'full', say)
    process.exitCode = await handOver(projectNode(ROOT), [join(ROOT, entry), ...args])
  } catch (error) {
    say(error.message)
    process.exitCode = 1
  }
}
