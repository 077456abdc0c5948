import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('GitLab cannot tell Penstock from its own gateway: every wire fixture passes', { timeout: 180_000 }, async () => {
  const main = join(import.meta.dirname, '../conformance/main.ts')
  const run = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  run.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [status] = (await once(run, 'close')) as [number | null]
  const failed = said.split('\n').filter((line) => line !== '' && !line.startsWith('passed'))
  expect(failed.join('\n')).toMatch(/^(?!0)\d+ passed, 0 failed$/)
  expect(status).toBe(0)
})
