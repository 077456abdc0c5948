import { Bus } from '@penstock/bus'
import { reportStatus } from '@penstock/contracts'
import { startTestNats } from '@penstock/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

let nats: Awaited<ReturnType<typeof startTestNats>>
let bus: Bus
beforeAll(async () => {
  nats = await startTestNats()
  const fail = (problem: object): never => expect.unreachable(JSON.stringify(problem))
  bus = await Bus.connect({
    servers: nats.url,
    name: 'test',
    subjectPrefix: 'penstock',
    onInvalid: fail,
    onHandlerError: fail,
  })
  bus.serve(reportStatus, [], () => ({ reply: { service: 'worker', instance: 'w-1', configVersion: 7 } }))
  bus.serve(reportStatus, [], () => ({ reply: { service: 'audit', instance: 'a-1', configVersion: 0 } }))
  await bus.flush()
})
afterAll(async () => {
  await bus[Symbol.asyncDispose]()
  await nats.stop()
})

const status = async (environment: Record<string, string>, ...flags: string[]) => {
  const said = { out: '', err: '' }
  const code = await runCli(['status', ...flags], {
    environment: { NATS_URL: nats.url, ...environment },
    folder: '.',
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  })
  return { code, ...said }
}

test('every service that answers is listed with the configuration it acts on', async () => {
  expect(await status({})).toEqual({ code: 0, out: 'audit    a-1\nworker   w-1  configuration 7\n', err: '' })
})

test('with --own the exit status says whether this very service answers', async () => {
  expect(await status({ PENSTOCK_INSTANCE: 'w-1' }, '--own')).toMatchObject({ code: 0 })
  expect(await status({ PENSTOCK_INSTANCE: 'w-2' }, '--own')).toMatchObject({ code: 1, out: '' })
})

test('a bus that is away is one clear line', async () => {
  expect(await status({ NATS_URL: 'nats://me:secret@127.0.0.1:1' })).toEqual({
    code: 1,
    out: '',
    err: 'penstock: no NATS at 127.0.0.1:1: set NATS_URL\n',
  })
})
