import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatProblems, parseConfig } from '@penstock/config'
import type { Applied, ConfigHistoryEntry, ConfigSnapshot, ConfigStore, ParsedConfig } from '@penstock/config'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { authorOf } from './author.ts'
import { diffDocuments, formatChange } from './diff-documents.ts'
import { withStore } from './open-store.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outcome, Outside } from './outside.ts'

interface Flags {
  readonly json?: boolean
}

interface ApplyFlags extends Flags {
  readonly author?: string
  readonly note?: string
  readonly expect?: number
}

/** `penstock config …`: the document that a running installation follows, and a check of one that is not stored yet. */
export const addConfigCommands = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  const config = program
    .command('config')
    .description('the configuration; REDIS_URL and PENSTOCK_PREFIX name its store')
  const command = (usage: string, description: string): Command =>
    config.command(usage).description(description).option('--json', 'for programs')
  const onStore = async (flags: Flags, work: (store: ConfigStore) => Promise<Outcome>): Promise<void> =>
    finish(print(await withStore(outside, work), flags, outside))

  command('check <file>', 'says whether a file is valid; asks no store').action(async (file: string, flags: Flags) => {
    const parsed = await read(outside, file)
    finish(
      print(parsed.ok ? { ok: true, text: `${file} is valid`, json: { ok: true } } : invalid(parsed), flags, outside),
    )
  })
  command('apply <file>', 'stores a file as the next version; services follow within a second')
    .option('--author <name>', 'who changes it; default USER')
    .option('--note <text>', 'why')
    .option('--expect <version>', 'refuses when the store is at another version; 0: must be empty', version)
    .action(async (file: string, flags: ApplyFlags) => {
      const parsed = await read(outside, file)
      if (!parsed.ok) return finish(print(invalid(parsed), flags, outside))
      const { note, expect } = flags
      const options = {
        author: authorOf(flags, outside),
        ...(note === undefined ? {} : { note }),
        ...(expect === undefined ? {} : { expectedVersion: expect }),
      }
      await onStore(flags, async (store) => applied(await store.apply(parsed.document, options)))
    })
  command('show', 'prints a version, by default the current one, so that apply can read it')
    .argument('[version]', 'a number of the history', version)
    .action(async (number: number | undefined, flags: Flags) =>
      onStore(flags, async (store) => {
        const snapshot = number === undefined ? await current(store) : await stored(store, number)
        return {
          ok: true,
          text: `# version ${snapshot.version}\n${JSON.stringify(snapshot.document, null, 2)}`,
          json: { version: snapshot.version, document: snapshot.document },
        }
      }),
    )
  command('history', 'lists the last versions, newest first').action(async (flags: Flags) =>
    onStore(flags, async (store) => {
      const entries = await store.history()
      return {
        ok: true,
        text: entries.length === 0 ? 'the store is empty' : entries.map(describeEntry).join('\n'),
        json: entries,
      }
    }),
  )
  command('diff', 'says what changed between two versions; without the second, up to the current one')
    .argument('<from>', 'a number of the history', version)
    .argument('[to]', 'a number of the history', version)
    .action(async (from: number, to: number | undefined, flags: Flags) =>
      onStore(flags, async (store) => {
        const before = await stored(store, from)
        const after = to === undefined ? await current(store) : await stored(store, to)
        const changes = diffDocuments(before.document, after.document)
        const text =
          changes.length === 0
            ? `versions ${before.version} and ${after.version} are the same`
            : changes.map(formatChange).join('\n')
        return { ok: true, text, json: { from: before.version, to: after.version, changes } }
      }),
    )
  command('rollback', 'stores an earlier version again, as the next one')
    .argument('<version>', 'a number of the history', version)
    .option('--author <name>', 'who changes it; default USER')
    .action(async (wanted: number, flags: ApplyFlags) =>
      onStore(flags, async (store) => {
        const result = await store.rollback(wanted, authorOf(flags, outside))
        if (result.kind === 'unknown_version') throw unknownVersion(wanted)
        return applied(result)
      }),
    )
}

const version = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A version is a whole number.')
  return Number(text)
}

const read = async ({ folder }: Outside, file: string): Promise<ParsedConfig> => {
  try {
    return parseConfig(await readFile(resolve(folder, file), 'utf8'), { file })
  } catch (cause) {
    throw new CommandFailed(`${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

const current = async (store: ConfigStore): Promise<ConfigSnapshot> => {
  const snapshot = await store.load()
  if (snapshot === null) throw new CommandFailed('the store is empty: nothing was applied yet')
  return snapshot
}

const stored = async (store: ConfigStore, number: number): Promise<ConfigSnapshot> => {
  const snapshot = await store.get(number)
  if (snapshot === null) throw unknownVersion(number)
  return snapshot
}

const unknownVersion = (number: number): CommandFailed =>
  new CommandFailed(`the history has no version ${number}: see penstock config history`)

const invalid = ({ problems }: Extract<ParsedConfig, { ok: false }>): Outcome => ({
  ok: false,
  text: formatProblems(problems),
  json: { ok: false, problems },
})

const applied = (result: Applied): Outcome => {
  switch (result.kind) {
    case 'applied':
      return { ok: true, text: `version ${result.version} is stored`, json: { ok: true, version: result.version } }
    case 'conflict':
      return {
        ok: false,
        text: `penstock: not stored: the store is at version ${result.currentVersion}`,
        json: { ok: false, currentVersion: result.currentVersion },
      }
    case 'invalid':
      throw new CommandFailed(`not stored: ${result.problems.map(({ message }) => message).join('; ')}`)
  }
}

const describeEntry = ({ version: number, at, author, note }: ConfigHistoryEntry): string =>
  `${String(number).padStart(6)}  ${new Date(at).toISOString()}  ${author}${note === '' ? '' : `  ${note}`}`
