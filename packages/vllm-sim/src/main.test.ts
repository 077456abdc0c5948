import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished, test, expect } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

const launch = (environment: Record<string, string>): ChildProcess => {
  const child = spawn(process.execPath, [main], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

const ready = async (child: ChildProcess): Promise<{ ready: boolean; url: string; adminUrl: string }> => {
  const [line] = (await once(createInterface(child.stdout as Readable), 'line')) as [string]
  return JSON.parse(line) as { ready: boolean; url: string; adminUrl: string }
}

test('the process says where it listens, serves what the environment says, and ends cleanly at SIGTERM', async () => {
  const child = launch({
    VLLM_SIM_MODEL: 'one, two',
    VLLM_SIM_TTFT_MS: '1000',
    VLLM_SIM_ITL_MS: '30000',
    VLLM_SIM_SPEED: '1000',
  })
  const { ready: isReady, url, adminUrl } = await ready(child)
  expect(isReady).toBe(true)
  expect(await (await fetch(`${url}/models`)).json()).toMatchObject({ data: [{ id: 'one' }, { id: 'two' }] })
  expect(await (await fetch(`${adminUrl}/settings`)).json()).toMatchObject({ ttftMs: 1000, sequencesMax: 256 })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ prompt: 'x', max_tokens: 5000, stream: true })
  const stream = await fetch(`${url}/completions`, { method: 'POST', headers, body })
  let text = ''
  for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece
    // Two tokens are a minute of the node's time.
    if (!child.killed && text.split('"text"').length > 2) child.kill('SIGTERM')
  }
  expect(text).toContain('"finish_reason":"abort"')
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the process ends when its launcher is gone', async () => {
  const child = launch({ PENSTOCK_LIFELINE_FD: '3' })
  await ready(child)
  child.stdio[3]?.destroy()
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a bad environment is named and the process ends with 1', async () => {
  const child = launch({ VLLM_SIM_PORT: 'many', VLLM_SIM_ITL_MS: '-1', VLLM_SIM_SPEED: '0', PENSTOCK_LIFELINE_FD: '3' })
  let said = ''
  child.stderr?.on('data', (piece: Buffer) => (said += piece.toString()))
  expect(await once(child, 'close')).toEqual([1, null])
  expect(said).toContain('VLLM_SIM_PORT')
  expect(said).toContain('VLLM_SIM_ITL_MS')
  expect(said).toContain('VLLM_SIM_SPEED')
})
