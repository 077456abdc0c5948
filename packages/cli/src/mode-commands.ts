import type { ConfigStore } from '@penstock/config'
import type { Command } from 'commander'
import { authorOf } from './author.ts'
import { addNodeListCommand } from './node-list-command.ts'
import { changeNodeMode, changePoolMode } from './change-mode.ts'
import type { Mode, ModeChange } from './change-mode.ts'
import { withStore } from './open-store.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outcome, Outside } from './outside.ts'

interface Flags {
  readonly author?: string
  readonly note?: string
  readonly json?: boolean
}

/** Somebody else may change the configuration at the same time; so often is it read again. */
const triesMax = 5

const verbs: Readonly<Record<string, { readonly mode: Mode; readonly pool: string; readonly node: string }>> = {
  pause: {
    mode: 'paused',
    pool: 'no job of the pool starts; requests wait, and are refused at its bounds',
    node: 'the node takes no new run; what runs there ends there',
  },
  drain: {
    mode: 'draining',
    pool: 'new requests get 429; what waits is served',
    node: 'the node takes no new run; what runs after 30 s goes on elsewhere',
  },
  resume: { mode: 'active', pool: 'the pool works again', node: 'the node takes work again' },
}

/** `penstock pool …` and `penstock node …`: changes of `mode` in the configuration, by whom and when kept in its history. */
export const addModeCommands = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  const pool = program.command('pool').description('pauses, drains and resumes a pool')
  const node = program.command('node').description('lists, pauses, drains and resumes nodes')
  const command = (of: Command, usage: string, description: string): Command =>
    of
      .command(usage)
      .description(description)
      .option('--author <name>', 'who changes it; default USER')
      .option('--note <text>', 'why')
      .option('--json', 'for programs')
  const run = async (flags: Flags, mode: Mode, change: Parameters<typeof changed>[2]): Promise<void> =>
    finish(print(await withStore(outside, (store) => changed(store, mode, change, flags, outside)), flags, outside))

  addNodeListCommand(node, outside, finish)
  for (const [verb, { mode, pool: ofPool, node: ofNode }] of Object.entries(verbs)) {
    command(pool, `${verb} <name>`, ofPool).action(async (name: string, flags: Flags) =>
      run(flags, mode, (document) => changePoolMode(document, name, mode)),
    )
    command(node, `${verb} <pool> <url>`, `${ofNode}; by its URL or its name`).action(
      async (name: string, url: string, flags: Flags) =>
        run(flags, mode, (document) => changeNodeMode(document, name, url, mode)),
    )
  }
}

const changed = async (
  store: ConfigStore,
  mode: Mode,
  change: (document: Parameters<typeof changePoolMode>[0]) => ModeChange,
  flags: Flags,
  outside: Outside,
): Promise<Outcome> => {
  for (let tries = 0; tries < triesMax; tries++) {
    const snapshot = await store.load()
    if (snapshot === null) throw new CommandFailed('the store is empty: nothing was applied yet')
    const result = change(snapshot.document)
    if (result.kind === 'unknown') throw new CommandFailed(result.message)
    const { document, was, what, hint } = result
    const tail = hint === undefined ? '' : `; ${hint}`
    if (was === mode) {
      const { version } = snapshot
      return { ok: true, text: `${what} is ${mode} already${tail}`, json: { ok: true, changed: false, version } }
    }
    const note = `${what}: ${was} -> ${mode}${flags.note === undefined ? '' : `; ${flags.note}`}`
    const author = authorOf(flags, outside)
    const applied = await store.apply(document, { author, note, expectedVersion: snapshot.version })
    if (applied.kind === 'invalid')
      throw new CommandFailed(`not stored: ${applied.problems.map(({ message }) => message).join('; ')}`)
    if (applied.kind === 'applied') {
      const { version } = applied
      return {
        ok: true,
        text: `${what} is ${mode}, version ${version}${tail}`,
        json: { ok: true, changed: true, version },
      }
    }
  }
  throw new CommandFailed('not stored: the configuration is being changed all the time')
}
