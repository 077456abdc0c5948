import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { limitProcess, openFiles } from '../exhaustion/process-limits.ts'
import { brisk, recoveryMs } from '../scenario.ts'
import type { Scenario, Stage } from '../scenario.ts'
import { workerFaultLimits } from '../verdict.ts'

const withoutMs = 6000
const clockJumpMs = 300_000
const heapMiB = 256

const clockFile = ({ test }: Stage): string => join(test.dataDir, 'clock')

/** F9: a process runs out of what the machine gives it. It refuses what it cannot do, does not die, and is well again without a restart. */
export const exhaustion: Scenario = {
  name: 'exhaustion',
  summary: `F9: no room on the disk of an ingress, no files for an ingress or a worker, clocks off by 5 min; heaps of ${heapMiB} MiB`,
  // What it cannot do it refuses with 429.
  limits: { ...workerFaultLimits, refusedRatio: 1 },
  stack: {
    nodes: 3,
    routers: 2,
    env: (dataDir) => ({
      NODE_OPTIONS: `--max-old-space-size=${heapMiB} --import ${pathToFileURL(join(import.meta.dirname, '../exhaustion/shifted-clock.preload.ts')).href}`,
      PENSTOCK_TEST_CLOCK_FILE: join(dataDir, 'clock'),
    }),
  },
  load: brisk,
  everyMs: 12_000,
  cutsStreamsOf: (victim) => (victim === 'ingress>disk' ? 'ingress' : null),
  victims: () => ['ingress>disk', 'ingress>files', 'worker-1>files', 'clock'],
  async strike(victim, stage) {
    const before = exitsOf(stage)
    await takeAway(victim, stage)
    await untilServed(stage)
    const died = [...exitsOf(stage)].filter(([name, exits]) => exits !== before.get(name)).map(([name]) => name)
    if (died.length > 0) throw new Error(`${victim}: ${died.join(', ')} ended`)
  },
}

const takeAway = async (victim: string, stage: Stage): Promise<void> => {
  const { signal } = stage
  if (victim === 'clock') {
    for (const shiftMs of [clockJumpMs, -clockJumpMs]) {
      await writeFile(clockFile(stage), `${shiftMs}`)
      await delay(withoutMs / 2, undefined, { signal })
    }
    await writeFile(clockFile(stage), '0')
    return
  }
  const [name = '', what] = victim.split('>')
  const { pid } = stage.stack.process(name)
  if (pid === null) throw new Error(`${name} does not run`)
  await using _limited =
    what === 'disk' ? await limitProcess(pid, 'fsize', 0) : await limitProcess(pid, 'nofile', await openFiles(pid))
  await delay(withoutMs, undefined, { signal })
}

const exitsOf = ({ test, stack }: Stage): Map<string, number> =>
  new Map(
    [...test.ingresses, ...test.routers, ...test.workers, 'audit'].map((name) => [name, stack.process(name).exits]),
  )

/** Waits until a new connection is answered. */
const untilServed = async ({ test, signal, answered }: Stage): Promise<void> => {
  const mustBeAt = performance.now() + recoveryMs
  for (;;) {
    const status = await fetch(`${test.apiUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${test.openAiKey}`, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ model: 'sim', messages: [{ role: 'user', content: 'Are you well?' }], max_tokens: 4 }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    }).then(
      async (response) => (await response.text(), response.status),
      () => 0,
    )
    if (status === 200) return answered()
    if (performance.now() > mustBeAt) throw new Error(`not served again within ${recoveryMs} ms: status ${status}`)
    await delay(100, undefined, { signal })
  }
}
