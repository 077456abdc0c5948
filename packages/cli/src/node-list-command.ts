import { setTimeout as delay } from 'node:timers/promises'
import { beatEveryMs, workerBeat } from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'
import { SourceStates, describeSourceTrouble } from '@penstock/scheduling'
import type { Command } from 'commander'
import { nodeRows, renderNodes } from './node-table.ts'
import { withBus } from './open-bus.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outcome, Outside } from './outside.ts'

/** Every worker beats once in this time, ms. */
const listenMs = beatEveryMs * 1.5

/** `penstock node list`: the nodes as the workers see them, those found in DNS too. */
export const addNodeListCommand = (node: Command, outside: Outside, finish: (status: number) => void): void => {
  node
    .command('list [pool]')
    .description('lists nodes as the workers see them: state, requests over limit, prompt tokens in prefill')
    .option('--json', 'for programs')
    .action(async (pool: string | undefined, flags: { json?: boolean }) =>
      finish(print(list(await listen(outside), pool), flags, outside)),
    )
}

const listen = (outside: Outside): Promise<WorkerBeat[]> =>
  withBus(outside, async (bus) => {
    const beats = new Map<string, WorkerBeat>()
    bus.subscribe(workerBeat, [], ({ message }) => void beats.set(message.worker, message))
    await delay(listenMs)
    return [...beats.values()]
  })

const list = (beats: readonly WorkerBeat[], pool: string | undefined): Outcome => {
  if (beats.length === 0) throw new CommandFailed('no worker beats on the bus')
  const all = nodeRows(beats)
  const rows = all.filter((row) => pool === undefined || row.pool === pool)
  const pools = [...new Set(beats.flatMap((beat) => beat.pools.map((served) => served.pool)))].toSorted()
  if (pool !== undefined && !pools.includes(pool))
    throw new CommandFailed(`no worker serves a pool "${pool}": they serve ${pools.join(', ') || 'none'}`)
  const sources = new SourceStates()
  for (const beat of beats) sources.heard(beat, 0)
  const worst = sources.worst(0)
  const troubles = worst.flatMap((state) => describeSourceTrouble(state) ?? [])
  return { ok: true, text: [renderNodes(rows), ...troubles].join('\n'), json: { nodes: rows, sources: worst } }
}
