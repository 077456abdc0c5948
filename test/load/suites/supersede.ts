import { measureSupersede } from '../supersede.ts'
import type { SupersedeReport } from '../supersede.ts'
import { textTable } from '../text-table.ts'
import type { Suite } from './suite.ts'

interface SupersedeRow extends SupersedeReport {
  readonly subject: string
}

/** Completions of people who type, with a newer request replacing the older one and without. */
export const supersede: Suite = {
  name: 'supersede',
  summary:
    'completions of which 60 % are followed by a newer one: tokens computed for nobody, with superseding and without',
  subjects: ['penstock'],
  async run({ options, signal, onProgress }) {
    const seconds = options.seconds ?? (options.quick ? 15 : 60)
    const rows: SupersedeRow[] = []
    for (const supersedes of [false, true]) {
      const report = await measureSupersede({ seconds, seed: options.seed, supersedes, signal, onProgress })
      rows.push({ subject: supersedes ? 'penstock' : 'penstock without superseding', ...report })
    }
    return {
      rows,
      text: table(rows),
      facts: { secondsPerTurn: seconds, subjects: [] },
      absent: [],
      failures: rows
        .filter(({ missed }) => missed > 0)
        .map(({ subject, missed }) => `${subject}: ${missed} answers did not come`),
    }
  },
}

const table = (rows: readonly SupersedeRow[]): string =>
  textTable(
    ['', 'asked', 'superseded', 'wasted output', 'wasted prompt', 'GPU tokens per wanted', 'wanted p50', 'p99 ms'],
    rows.map((row) => [
      row.subject,
      String(row.asked),
      String(row.superseded),
      String(row.wastedOutputTokens),
      String(row.wastedPromptTokens),
      String(row.gpuTokensPerWanted),
      row.wantedMs.p50.toFixed(0),
      row.wantedMs.p99.toFixed(0),
    ]),
  )
