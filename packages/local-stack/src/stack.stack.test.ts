import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { markedProcesses } from '../test-fixtures/marked-processes.ts'
import { freePort } from './free-port.ts'
import { startLocalStack } from './stack.ts'
import type { LocalStackOptions, ServiceSpec } from './stack.ts'

const service = (name: string, extra: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name,
  entry: join(import.meta.dirname, '../test-fixtures/service.ts'),
  readyWithinMs: 10_000,
  ...extra,
})

const options = (services: ServiceSpec[], extra: Partial<LocalStackOptions> = {}): LocalStackOptions => {
  const dataDir = mkdtempSync(join(tmpdir(), 'stack-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  return { projectRoot: join(import.meta.dirname, '../../..'), dataDir, services, env: process.env, ...extra }
}

test('a dead service starts again, where it was, and the rest goes on', async () => {
  const restartEnv = ({ port }: Record<string, unknown>): Record<string, string> => ({ FIXTURE_PORT: String(port) })
  const notices: string[] = []
  await using stack = await startLocalStack(
    options([service('one', { restartEnv }), service('two')], { onNotice: (sentence) => void notices.push(sentence) }),
  )
  const before = { one: stack.process('one'), two: stack.process('two') }
  stack.kill('one', 'SIGKILL')
  await stack.waitReady('one', 1)
  const after = stack.process('one')
  expect(after).toMatchObject({ readyCount: 2, exits: 1, readyInfo: before.one.readyInfo })
  expect(after.pid).not.toBe(before.one.pid)
  expect(stack.process('two')).toEqual(before.two)
  expect(notices).toEqual(['one ended (SIGKILL); starts again in 100 ms'])
})

test('dead servers start again at the same address', async () => {
  await using stack = await startLocalStack(options([]))
  for (const name of ['nats', 'redis']) {
    const { readyInfo } = stack.process(name)
    stack.kill(name, 'SIGKILL')
    await stack.waitReady(name, 1)
    expect(stack.process(name).readyInfo).toEqual(readyInfo)
  }
})

test('a service that cannot start is named with its reason, and nothing is left running', async () => {
  const mark = crypto.randomUUID()
  const stack = options([service('fine'), service('broken', { env: { FIXTURE_REFUSES: 'the key is missing' } })], {
    env: { ...process.env, MARK: mark },
  })
  await expect(startLocalStack(stack)).rejects.toThrow(
    'broken ended before it was ready (exit code 1): the key is missing',
  )
  expect(markedProcesses(mark)).toEqual([])
  expect(readFileSync(join(stack.dataDir, 'logs/broken.log'), 'utf8')).toContain('the key is missing')
})

test('a service that is never ready is given up in time', async () => {
  const silent = service('silent', {
    entry: join(import.meta.dirname, '../test-fixtures/marked-processes.ts'),
    readyWithinMs: 5000,
  })
  await expect(startLocalStack(options([silent]))).rejects.toThrow(/^silent ended before it was ready \(exit code 0\)/)
  await expect(startLocalStack(options([service('slow', { readyWithinMs: 1 })]))).rejects.toThrow(
    'slow was not ready within 1 ms',
  )
})

test('the service given last stops first', async () => {
  const lines: string[] = []
  const stack = await startLocalStack(
    options([service('first'), service('second'), service('third')], {
      onLog: (_name, line) => {
        if (line.includes('stops')) lines.push((JSON.parse(line) as { message: string }).message)
      },
    }),
  )
  await stack.stop()
  expect(lines).toEqual(['third stops', 'second stops', 'first stops'])
})

test('a server that cannot be reached is named with its address and variable, without its password', async () => {
  const port = await freePort()
  await expect(startLocalStack(options([], { natsUrl: `nats://user:secret@127.0.0.1:${port}` }))).rejects.toThrow(
    `cannot reach NATS at nats://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port} (NATS_URL)`,
  )
})

test('given servers are used as they are, and stay when the stack stops', async () => {
  await using outer = await startLocalStack(options([]))
  await using inner = await startLocalStack(options([], { natsUrl: outer.natsUrl, redisUrl: outer.redisUrl }))
  await inner.stop()
  expect(outer.process('nats')).toMatchObject({ exits: 0, readyCount: 1 })
  expect(() => inner.process('nats')).toThrow('the stack has no process nats')
})
