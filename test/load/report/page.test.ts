import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { barChart } from './bar-chart.ts'
import { writePage } from './page.ts'

test('the page shows every document with its chart, the absent ones with their reason, and the notes whole', async () => {
  const docs = await mkdtemp(join(tmpdir(), 'penstock-page-'))
  try {
    await mkdir(join(docs, 'benchmarks'))
    const row = {
      subject: 'penstock',
      rps: 20,
      ttftMs: { p50: 25, p95: 30, p99: 40 },
      addedTtftMs: { p50: 3, p95: 4, p99: 5 },
    }
    const document = {
      rows: [row],
      absent: [{ subject: 'smg', reason: 'cannot be fetched: no network' }],
      missedAims: ['20/s: too slow'],
      command: 'npm run bench -- overhead',
    }
    await writeFile(join(docs, 'benchmarks/overhead.json'), JSON.stringify(document))
    const run = {
      scenario: 'random-kill',
      verdict: 'fail',
      requests: 9,
      failures: ['1 lost'],
      seconds: 60,
      longestSilenceMs: 2450,
    }
    await writeFile(join(docs, 'benchmarks/faults-random-kill.json'), JSON.stringify(run))
    await writeFile(join(docs, 'benchmarks/notes.md'), '## Notes\n\nWritten by hand.\n')
    expect(await writePage(docs)).toEqual(['overhead'])
    const page = await readFile(join(docs, 'benchmarks.md'), 'utf8')
    expect(page).toMatch(/\| 20 \| penstock \| 25\.0 \/ 30\.0 \/ 40\.0 \| 3\.0 \/ 5\.0 \| – \|/)
    expect(page).toContain('No part takes smg: cannot be fetched: no network.')
    expect(page).toContain('- 20/s: too slow')
    expect(page).toMatch(
      /random-kill --seconds 60`\]\(benchmarks\/faults-random-kill\.json\) \| fail \| 9 \|.* 2\.5 s \|/,
    )
    expect(page).toContain('- random-kill: 1 lost')
    expect(page).toMatch(/Written by hand\.\n$/)
    expect(await readFile(join(docs, 'benchmarks/overhead.svg'), 'utf8')).toMatch(/^<svg .*penstock/s)
  } finally {
    await rm(docs, { recursive: true })
  }
})

test('a chart says what was not measured, and nothing in a name becomes markup', () => {
  const svg = barChart({
    title: 'a < b',
    unit: 'ms',
    groups: [
      {
        label: 'g',
        bars: [
          { label: '<x>', value: null },
          { label: 'y', value: 5 },
        ],
      },
    ],
  })
  expect(svg).toContain('a &lt; b (ms)')
  expect(svg).toContain('&lt;x&gt;')
  expect(svg).toContain('not measured')
  expect(svg.match(/<rect/g)).toHaveLength(1)
})
