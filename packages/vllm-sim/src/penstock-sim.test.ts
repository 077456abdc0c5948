import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { simulatorCommand } from './command-line.ts'
import { expectedText, faultKinds, performanceProfiles, profileNames } from './index.ts'

const entry = fileURLToPath(new URL('penstock-sim.ts', import.meta.url))

test('one process holds several nodes of a model on a GPU, and ends cleanly', async () => {
  const args = ['--model', 'llama-3.1-8b', '--gpu', 'h100', '--nodes', '3', '--vllm', 'v0.19', '--json']
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: { url: string; adminUrl: string }[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(JSON.parse(line) as { url: string; adminUrl: string })
    if (lines.length === 3) break
  }
  expect(new Set(lines.flatMap(({ url, adminUrl }) => [url, adminUrl])).size).toBe(6)
  const request = { model: 'llama-3.1-8b', prompt: 'x', max_tokens: 4 }
  for (const { url } of lines) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/completions`, { method: 'POST', headers, body: JSON.stringify(request) })
    const text = expectedText({ model: 'llama-3.1-8b', request })
    expect(await response.json()).toMatchObject({ choices: [{ text }] })
    expect(await (await fetch(url.replace('/v1', '/version'))).json()).toEqual({ version: '0.19.1' })
  }
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

const message = (...args: string[]): string => {
  const command = simulatorCommand(args)
  return command.kind === 'wrong' ? command.message : ''
}

test('what does not exist is answered with what does', () => {
  for (const { name } of performanceProfiles) expect(message('--model', 'nobody', '--gpu', 'h100')).toContain(name)
  for (const name of profileNames) expect(message('--vllm', 'v9')).toContain(name)
  expect(message('--nodes', '0')).toContain('from 1 to')
  expect(message('--settings', '{')).toContain('--settings is not JSON')
  expect(message('--settings', '{"colour":1}')).toContain('colour')
  expect(message('--fault', '{"kind":"explode"}')).not.toBe('')
  expect(message('--colour', 'red')).toContain('--colour')
  const help = simulatorCommand(['--help'])
  for (const kind of faultKinds) expect(help.kind === 'help' && help.text).toContain(kind)
})

test('ports follow the first, and faults and settings reach every node', () => {
  const args = [
    '--nodes',
    '2',
    '--port',
    '9000',
    '--admin-port',
    '9100',
    '--fault',
    '{"kind":"http_500"}',
    '--settings',
    '{"streamInterval":4}',
  ]
  expect(simulatorCommand(args)).toMatchObject({
    kind: 'run',
    nodes: [9000, 9001].map((port) => ({
      port,
      adminPort: port + 100,
      faults: [{ kind: 'http_500' }],
      streamInterval: 4,
    })),
  })
})
