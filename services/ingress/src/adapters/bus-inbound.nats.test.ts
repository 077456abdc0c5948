import { Bus } from '@penstock/bus'
import { IngressId, RequestId, RunId, runFrames } from '@penstock/contracts'
import { createLogger } from '@penstock/runtime'
import { startTestNats, waitFor } from '@penstock/testkit'
import { expect, onTestFinished, test } from 'vitest'
import type { Desk } from '../desk.ts'
import { serveDesk } from './bus-inbound.ts'

test('a frame that breaks its schema is reported without its content and costs no other frame of its message', async () => {
  const server = await startTestNats()
  onTestFinished(() => server.stop())
  const unexpected: unknown[] = []
  const bus = await Bus.connect({
    servers: server.url,
    name: 'test',
    subjectPrefix: 't',
    onInvalid: (problem) => unexpected.push(problem),
    onHandlerError: (problem) => unexpected.push(problem),
  })
  onTestFinished(() => bus[Symbol.asyncDispose]())
  const lines: string[] = []
  const log = createLogger(
    { service: 'ingress', instance: 'i', level: 'info' },
    { write: (line) => void lines.push(line) },
  )
  const heard: number[] = []
  const ingress = IngressId.parse('i-1')
  const desk = { frame: ({ seq }: { seq: number }) => heard.push(seq) } as unknown as Desk
  const serving = serveDesk(bus, desk, { ingress, instance: 'i', log, configVersion: () => 1 })
  onTestFinished(() => serving[Symbol.dispose]())
  await bus.flush()

  const frame = (seq: number, part: object = { kind: 'text', text: 'a', tokens: 1 }) => ({
    request: RequestId.parse('0'.repeat(32)),
    attempt: 1,
    run: RunId.parse('1'.repeat(16)),
    seq,
    parts: [part],
  })
  const bad = [
    null,
    'canary',
    {},
    frame(7, { kind: 'text', text: 'canary' }),
    frame(-1),
    { ...frame(8), run: 'canary' },
  ]
  bus.publish(runFrames, [ingress], { frames: [frame(0), ...bad, frame(1)] })
  bus.publish(runFrames, [ingress], { frames: [frame(2)] })
  await waitFor(() => heard.includes(2), { what: 'the last frame' })
  expect(heard).toEqual([0, 1, 2])
  expect(lines).toHaveLength(bad.length)
  expect(lines.join('')).toContain('parts.0.tokens')
  expect(lines.join('')).not.toContain('canary')
  expect(unexpected).toEqual([])
})
