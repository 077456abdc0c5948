import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openLineLog } from './line-log.ts'

test('a log never grows past two files of its size, and keeps the newest lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'line-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'x.log')
  using log = openLineLog(path, 8)
  for (const line of ['one', 'two', 'three', 'four', 'five']) log.write(line)
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('three\nfour\n')
  expect(readFileSync(path, 'utf8')).toBe('five\n')
})
