import { expect, test } from 'vitest'
import { StreamProbe } from './stream-probe.ts'

const event = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-7', choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`

const watch = async (play: (probe: StreamProbe, send: (at: number, text: string) => void) => void) => {
  let now = 1000
  const probe = new StreamProbe({ expected: Buffer.from('deep blue sea') }, () => now)
  play(probe, (at, text) => {
    now = 1000 + at
    probe.onBytes(Buffer.from(text))
  })
  return probe.observation
}

test('a right answer is completed, with its longest silence after the first text', async () => {
  const seen = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(400, event(''))
    send(900, event('deep'))
    send(1000, event(' blue'))
    send(3500, event(' sea'))
    send(9000, event('', 'stop') + 'data: [DONE]\n\n')
    probe.onEnd(null)
  })
  expect(seen).toEqual({
    outcome: 'completed',
    status: 200,
    bytesWrong: 0,
    longestSilenceMs: 2500,
    ttfbMs: 400,
    retryAfterMs: 0,
    problem: null,
  })
})

test('a doubled text is completed with wrong bytes and told where', async () => {
  const seen = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(1, event('deep') + event('deep') + event(' blue sea', 'stop') + 'data: [DONE]\n\n')
    probe.onEnd(null)
  })
  expect(seen).toMatchObject({ outcome: 'completed', bytesWrong: 13 })
  expect(seen.problem).toMatch(/"atByte":4/)
})

test('a missing end is wrong bytes of a complete answer, not of one that broke off', async () => {
  const missing = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(1, event('deep', 'stop') + 'data: [DONE]\n\n')
    probe.onEnd(null)
  })
  expect(missing).toMatchObject({ outcome: 'completed', bytesWrong: 9, problem: '9 bytes missing' })
  const broken = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(1, event('deep'))
    probe.onEnd(new Error('other side closed'))
  })
  expect(broken).toMatchObject({ outcome: 'lost', bytesWrong: 0, problem: 'other side closed' })
})

test.each([
  [429, 'refused'],
  [500, 'server-error'],
  [503, 'server-error'],
  [404, 'lost'],
] as const)('status %i counts as %s', async (status, outcome) => {
  const seen = await watch((probe, send) => {
    probe.onStatus(status, { 'retry-after': '2' })
    send(3, '{"error":{}}')
    probe.onEnd(null)
  })
  expect(seen).toMatchObject({ outcome, status, retryAfterMs: 2000, bytesWrong: 0 })
})

test('an error event and an end without [DONE] lose the request', async () => {
  const failed = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(1, event('deep') + 'data: {"error":{"code":"internal"}}\n\n')
    probe.onEnd(null)
  })
  expect(failed).toMatchObject({ outcome: 'lost', problem: '{"code":"internal"}' })
  const cut = await watch((probe, send) => {
    probe.onStatus(200, {})
    send(1, event('deep'))
    probe.onEnd(null)
  })
  expect(cut).toMatchObject({ outcome: 'lost', problem: 'ended without [DONE] after 4 bytes' })
})
