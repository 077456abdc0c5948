import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from './sections.ts'

const prefix = 'faults-'

/** The part of the page about `npm run faults`, from the documents of scenario runs in a folder; null without any. */
export const describeFaultRuns = async (folder: string, files: readonly string[]): Promise<string | null> => {
  const runs: { file: string; run: Row }[] = []
  for (const file of files.filter((name) => name.startsWith(prefix) && name.endsWith('.json')).toSorted()) {
    const run = JSON.parse(await readFile(join(folder, file), 'utf8')) as Row
    // Others have a form of their own and stand in the notes.
    if (typeof run['scenario'] === 'string' && typeof run['requests'] === 'number') runs.push({ file, run })
  }
  if (runs.length === 0) return null
  const failed = runs.filter(({ run }) => run['verdict'] !== 'pass')
  return [
    '## Faults: `npm run faults -- SCENARIO`',
    'Streams run while parts are killed, frozen, cut off or wiped, the next when the last is healed; every byte is compared with what the nodes must say, and the audit archive is verified afterwards.',
    [
      `| ${columns.map(([head]) => head).join(' | ')} |`,
      `| ${columns.map(() => '---').join(' | ')} |`,
      ...runs.map(({ file, run }) => `| ${columns.map(([, cell]) => cell(run, file)).join(' | ')} |`),
    ].join('\n'),
    ...(failed.length === 0
      ? []
      : [`Missed here:\n${failed.map(({ run }) => `- ${text(run, 'scenario')}: ${failuresOf(run)}`).join('\n')}`]),
  ].join('\n\n')
}

const text = (run: Row, name: string): string => {
  const value = run[name]
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '–'
}

const columns: readonly (readonly [head: string, cell: (run: Row, file: string) => string])[] = [
  ['run', (run, file) => `[\`${text(run, 'scenario')} --seconds ${text(run, 'seconds')}\`](benchmarks/${file})`],
  ['verdict', (run) => text(run, 'verdict')],
  ['requests', (run) => text(run, 'requests')],
  ['lost', (run) => text(run, 'lost')],
  ['bytes wrong', (run) => text(run, 'bytesWrong')],
  ['5xx', (run) => text(run, 'serverErrors')],
  ['refused', (run) => text(run, 'refused')],
  ['cut', (run) => text(run, 'cut')],
  ['longest silence', (run) => `${(Number(run['longestSilenceMs']) / 1000).toFixed(1)} s`],
  ['faults', (run) => text(run, 'kills')],
  ['audit', (run) => (run['auditComplete'] === true ? 'complete' : 'not complete')],
]

const failuresOf = (run: Row): string => {
  const failures = run['failures']
  return Array.isArray(failures) && failures.length > 0 ? failures.map(String).join('; ') : 'failed'
}
