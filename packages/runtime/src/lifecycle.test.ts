import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { TestContext } from 'vitest'

const fixture = fileURLToPath(new URL('service.fixture.ts', import.meta.url))

interface Line {
  severity: string
  message: string
  ready?: boolean
}

/** Runs a service that behaves so, until it has logged `until` or ended; then the caller ends it. */
const running = async ({ onTestFinished }: TestContext, behaviour: string, until = '') => {
  const child = spawn(process.execPath, [fixture], {
    env: { FIXTURE: behaviour, PENSTOCK_LIFELINE_FD: '3' },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: Line[] = []
  const reached = Promise.withResolvers<void>()
  const reading = createInterface(child.stdout as Readable).on('line', (text) => {
    const line = JSON.parse(text) as Line
    lines.push(line)
    if (line.message === until) reached.resolve()
  })
  const read = once(reading, 'close')
  const exited = once(child, 'exit').then(async ([code, signal]) => {
    await read
    return { code: code as number | null, signal: signal as string | null }
  })
  await Promise.race([reached.promise, exited])
  return { child, lines, exited, lifeline: child.stdio[3] as Writable }
}

describe.concurrent('a service', { timeout: 20_000 }, () => {
  test.for(['SIGTERM', 'SIGINT'] as const)(
    'that hears %s frees what it holds and exits with 0',
    async (signal, context) => {
      const { child, lines, exited } = await running(context, 'serves', 'fixture ready')
      expect(lines.at(-1)).toMatchObject({ ready: true, port: 1 })
      child.kill(signal)
      expect(await exited).toEqual({ code: 0, signal: null })
      expect(lines.map(({ message }) => message)).toEqual(['fixture ready', 'fixture stops', 'disposed'])
    },
  )

  test('whose launcher is gone ends by itself', async (context) => {
    const { lifeline, lines, exited } = await running(context, 'serves', 'fixture ready')
    lifeline.destroy()
    expect((await exited).signal).toBeNull()
    expect(lines.map(({ message }) => message)).toContain('disposed')
  })

  test('that cannot start says why in one line and exits with 1', async (context) => {
    const { lines, exited } = await running(context, 'cannot start')
    expect(await exited).toEqual({ code: 1, signal: null })
    expect(lines).toMatchObject([{ severity: 'fatal', message: 'fixture cannot run: the port is taken' }])
  })

  test('whose environment is wrong names the variable in one line and exits with 1', async (context) => {
    const { lines, exited } = await running(context, 'dances')
    expect(await exited).toEqual({ code: 1, signal: null })
    expect(lines).toMatchObject([{ severity: 'fatal', message: expect.stringMatching(/^FIXTURE: /) }])
  })

  test('that still starts when it is asked to stop does not keep anyone waiting', async (context) => {
    const { child, exited } = await running(context, 'never starts', 'starting')
    const askedAt = performance.now()
    child.kill('SIGTERM')
    await exited
    expect(performance.now() - askedAt).toBeLessThan(3000)
  })

  test('with a handle that a library left open ends all the same', async (context) => {
    const { child, exited } = await running(context, 'leaks a handle', 'fixture ready')
    child.kill('SIGTERM')
    expect(await exited).toEqual({ code: 0, signal: null })
  })

  test('that hangs while it stops is gone soon after its launcher', async (context) => {
    const { lifeline, exited } = await running(context, 'never ends', 'fixture ready')
    lifeline.destroy()
    expect(await exited).toEqual({ code: 1, signal: null })
  })
})
