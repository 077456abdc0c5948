import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'

const startScript = join(import.meta.dirname, '../../../scripts/start.ts')

const run = async (env: NodeJS.ProcessEnv): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const child = spawn(process.execPath, [startScript], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

test.each([
  ['PENSTOCK_API_PORT', 'PENSTOCK_METRICS_PORT'],
  ['AIGW_FASTAPI__METRICS_PORT', 'PENSTOCK_API_PORT'],
])('npm start names %s in one line when its port is in use', async (variable, other) => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await run({ [variable]: String(port), [other]: '0' })).toEqual({
    code: 1,
    stdout: '',
    stderr: `penstock: port ${port} is in use: set ${variable} to a free port, or stop what uses it\n`,
  })
})

test('npm start names a variable that is no port', async () => {
  expect((await run({ PENSTOCK_API_PORT: 'http' })).stderr).toBe(
    'penstock: PENSTOCK_API_PORT must be a port, 0 to 65535 (0: any free one)\n',
  )
})
