import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { barChart } from './bar-chart.ts'
import { describeFaultRuns } from './fault-runs.ts'
import { sections } from './sections.ts'
import type { Row, Section } from './sections.ts'

/** The members of a suite's document that the page shows. */
interface SuiteDocument {
  readonly rows: readonly Row[]
  readonly absent?: readonly { readonly subject: string; readonly reason: string }[]
  readonly missedAims?: readonly string[]
  readonly leftOut?: readonly string[]
  readonly subjects?: readonly { readonly name: string; readonly version: string }[]
  readonly machine?: Readonly<Record<string, string | number>>
  readonly date?: string
  readonly command?: string
  readonly quick?: boolean
}

const notesFile = 'notes.md'

/**
 * Writes `docs/benchmarks.md` and charts from the documents in `docs/benchmarks`, those of fault runs too; `notes.md` there, written by people, is put in
 * whole. Returns the suites shown.
 */
export const writePage = async (docs: string): Promise<string[]> => {
  const folder = join(docs, 'benchmarks')
  const files = await readdir(folder)
  const parts = [
    `# Benchmarks and faults, as measured

Made by \`npm run bench -- report\` from the JSON in [\`benchmarks/\`](benchmarks) and from [\`benchmarks/${notesFile}\`](benchmarks/${notesFile}): change those.
Subjects take turns in one run on one machine, generator and simulated nodes included; every byte of every answer is compared with what the
nodes must say; latency counts from when a request was meant to be sent. Ratios within a table count more than milliseconds. Each peer runs
with the settings of \`test/load/subjects\`, without what it does beyond passing requests on; Penstock's figures include its durable audit log, queue and claims.`,
  ]
  const shown: string[] = []
  for (const section of sections) {
    if (!files.includes(`${section.suite}.json`)) continue
    const document = JSON.parse(await readFile(join(folder, `${section.suite}.json`), 'utf8')) as SuiteDocument
    if (section.chart !== null)
      await writeFile(join(folder, `${section.suite}.svg`), barChart(section.chart(document.rows)))
    parts.push(describeSuite(section, document))
    shown.push(section.suite)
  }
  const faults = await describeFaultRuns(folder, files)
  if (faults !== null) parts.push(faults)
  if (files.includes(notesFile)) parts.push((await readFile(join(folder, notesFile), 'utf8')).trim())
  await writeFile(join(docs, 'benchmarks.md'), `${parts.join('\n\n')}\n`)
  return shown
}

const describeSuite = ({ suite, title, about, columns, chart }: Section, document: SuiteDocument): string => {
  const {
    rows,
    absent = [],
    missedAims = [],
    leftOut = [],
    subjects = [],
    machine = {},
    date = '',
    command = '',
    quick,
  } = document
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const versions = subjects.filter(({ name }) => name !== 'direct' && name !== 'penstock')
  return [
    `## ${title}: \`npm run bench -- ${suite}\``,
    about,
    `\`${command}\`, ${date.slice(0, 10)}${quick === true ? ', a quick look' : ''}; ${describeMachine(machine)}. All of it: [\`${suite}.json\`](benchmarks/${suite}.json).`,
    [
      line(columns.map(([head]) => head)),
      line(columns.map(() => '---')),
      ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
    ].join('\n'),
    ...(chart === null ? [] : [`![${chart(rows).title}](benchmarks/${suite}.svg)`]),
    ...(versions.length === 0
      ? []
      : [`Versions: ${versions.map(({ name, version }) => `${name} ${version}`).join(', ')}.`]),
    ...absent.map(({ subject, reason }) => `No part takes ${subject}: ${reason}.`),
    ...(leftOut.length === 0 ? [] : [`Not measured:\n${leftOut.map((sentence) => `- ${sentence}`).join('\n')}`]),
    ...(missedAims.length === 0 ? [] : [`Missed here:\n${missedAims.map((sentence) => `- ${sentence}`).join('\n')}`]),
  ].join('\n\n')
}

const describeMachine = ({
  cores,
  cpu,
  memoryGiB,
  node,
  natsServer,
  redisServer,
}: NonNullable<SuiteDocument['machine']>): string =>
  `${cores} cores (${cpu}), ${memoryGiB} GiB, Node ${node}, nats-server ${natsServer}, redis-server ${redisServer}`
