import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openOrigin } from '../stack/http-stream.ts'
import { sendOpenLoop } from './open-loop.ts'
import type { PlannedRequest } from './open-loop.ts'
import { score } from './score.ts'

let server: Server | undefined
afterEach(() => server?.closeAllConnections())

const answer = (text: string): string =>
  [{ delta: { role: 'assistant', content: '' } }, { delta: { content: text } }, { delta: {}, finish_reason: 'stop' }]
    .map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`)
    .join('') + 'data: [DONE]\n\n'

const listen = async (listener: RequestListener): Promise<string> => {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const load = async (listener: RequestListener, instants: number[], drainMs = 2000) => {
  await using origin = openOrigin(await listen(listener), { silenceMs: 5000 })
  const plan = instants.map((atMs): PlannedRequest => ({
    atMs,
    origin,
    path: '/',
    headers: {},
    body: Buffer.from('{}'),
    expected: Buffer.from('deep sea'),
  }))
  return await sendOpenLoop(plan, { drainMs })
}

test('requests leave at their instants while earlier ones are still unanswered', async () => {
  const held: (() => void)[] = []
  const sent = await load(
    (_, response) => {
      held.push(() => response.end(answer('deep sea')))
      if (held.length === 3) for (const release of held) release()
    },
    [0, 30, 60],
  )
  expect(score(sent, 0)).toMatchObject({ requests: 3, errors: {} })
  expect(sent[0]?.firstTextAt).toBeGreaterThan(sent[2]?.sentAt ?? Infinity)
})

test('latency counts from the intended instant, also when the server stalls', async () => {
  const sent = await load((_, response) => void setTimeout(() => response.end(answer('deep sea')), 100), [0, 10])
  expect(score(sent, 0).ttftMs?.p50).toBeGreaterThanOrEqual(99)
})

test('the warm-up is sent and not counted', async () => {
  const sent = await load((_, response) => response.end(answer('deep sea')), [0, 20, 40])
  expect(sent).toHaveLength(3)
  expect(score(sent, 20).requests).toBe(2)
})

test('wrong bytes, refusals, cut streams and answers without end are errors by name', async () => {
  let asked = 0
  const sent = await load(
    (_, response) => {
      asked++
      if (asked === 1) response.end(answer('deep see'))
      else if (asked === 2) response.writeHead(429).end('{}')
      else if (asked === 3) response.end(answer('deep sea').replace('data: [DONE]\n\n', ''))
      else response.write(answer('deep'), () => response.destroy())
    },
    [0, 40, 80, 120],
  )
  const { errors, ttftMs } = score(sent, 0)
  expect(errors).toMatchObject({ 'wrong bytes': 1, 'status 429': 1, 'no clean end': 1 })
  expect(Object.values(errors).reduce((sum, count) => sum + count, 0)).toBe(4)
  expect(ttftMs).toBeNull()
})

test('an answer that never ends is cut off', async () => {
  const sent = await load((_, response) => void response.write('data: {}\n\n'), [0], 100)
  expect(sent[0]?.broken).toMatch(/cut off/)
})
