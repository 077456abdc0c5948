import { resolve } from 'node:path'
import { buildDocsIndex, DocsIndex, DocsIndexError } from '@penstock/docs-search'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { CommandFailed, print } from './outside.ts'
import type { Outcome, Outside } from './outside.ts'

interface IndexFlags {
  readonly out: string
  readonly instance?: string
  readonly release?: string
  readonly json?: boolean
}

interface SearchFlags {
  readonly index: string
  readonly json?: boolean
}

const byDefault = 'gitlab-docs.index'

/** `penstock docs …`: the documentation that chat answers from, without the internet. */
export const addDocsCommands = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  const docs = program.command('docs').description('the documentation index; the ingress opens PENSTOCK_DOCS_INDEX')
  const at = (file: string): string => resolve(outside.folder, file)

  docs
    .command('index')
    .description("reads a folder of Markdown, the doc/ of GitLab's repository for instance, and writes an index anew")
    .argument('<dir>', 'the folder')
    .option('--out <file>', 'the index file', byDefault)
    .option('--instance <url>', "link to this GitLab's own help pages instead of docs.gitlab.com", httpUrl)
    .option('--release <version>', 'release that the documentation is of, 18.9 for instance')
    .option('--json', 'for programs')
    .action(async (dir: string, flags: IndexFlags) => {
      const { instance, release } = flags
      const built = await told(() =>
        buildDocsIndex({
          dir: at(dir),
          file: at(flags.out),
          ...(instance === undefined ? {} : { instance }),
          ...(release === undefined ? {} : { release }),
        }),
      )
      const size = `${(built.bytes / 1e6).toFixed(1)} MB`
      const text = `${built.sections} sections of ${built.pages} pages are in ${flags.out} (${size})`
      finish(print({ ok: true, text, json: { ...built, file: at(flags.out) } }, flags, outside))
    })

  docs
    .command('search')
    .description('asks an index, as the chat would')
    .argument('<question...>', 'in any words')
    .option('--index <file>', 'the index file', byDefault)
    .option('--json', 'whole sections')
    .action(async (words: string[], flags: SearchFlags) => {
      finish(print(await told(async () => found(at(flags.index), words.join(' '))), flags, outside))
    })
}

const found = (file: string, question: string): Outcome => {
  using index = new DocsIndex(file)
  const results = index.search(question, 4)
  const lines = results.map(({ content, metadata }) => `${content.split('\n', 1)[0] ?? ''}\n  ${metadata.source_url}`)
  return { ok: results.length > 0, text: lines.join('\n') || 'penstock: nothing found', json: results }
}

const told = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof DocsIndexError) throw new CommandFailed(cause.message, { cause })
    throw cause
  }
}

const httpUrl = (text: string): string => {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new InvalidArgumentError('It must be an http or https URL.')
  return text
}
