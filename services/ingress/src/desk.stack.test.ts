import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  RequestFailure,
  RequestId,
  RunId,
  WorkerId,
  claimAttempt,
  findUnknownJobs,
  runFrames,
  workerBeat,
} from '@penstock/contracts'
import type { WorkerBeat } from '@penstock/contracts'
import type { GuardedProcess } from '@penstock/local-stack'
import { waitFor } from '@penstock/testkit'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Answer } from './core/intake.ts'
import { canary, chat, Reading, startDeskStack } from './desk.fixture.ts'
import type { DeskStack, Question } from './desk.fixture.ts'

let stack: DeskStack
let router: GuardedProcess
let worker: GuardedProcess
/** The last beat of each worker. */
const beats = new Map<WorkerId, WorkerBeat>()

beforeAll(async () => {
  stack = await startDeskStack()
  stack.outsider.subscribe(workerBeat, [], ({ message }) => beats.set(message.worker, message))
  ;[router, worker] = await Promise.all([stack.startRouter(), stack.startWorker('worker-1')])
  await untilServing()
})
afterAll(() => stack[Symbol.asyncDispose]())
afterEach(() => {
  for (const node of Object.values(stack.nodes)) {
    node.clearFaults()
    node.configure({ ttftMs: 20, itlMs: 10, reasoningTokens: 0 })
  }
})

const stays = new AbortController().signal
const ask = ({ intake }: Question, clientGone = stays): Promise<Answer> => stack.desk.ask(intake, clientGone)

/** Reads the whole answer and compares it with the only right one. */
const expectExact = async (question: Question): Promise<Reading> => {
  const reading = new Reading(await ask(question))
  await reading.done
  expect(reading.text).toBe(question.expected)
  expect(reading.ended).toBe(true)
  return reading
}

/** The code a request ends with, and how long that took. */
const refusalOf = async (question: Question): Promise<{ code: string; afterMs: number }> => {
  const askedAt = performance.now()
  const failure = await expectExact(question).then(
    () => null,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(RequestFailure)
  return { code: (failure as RequestFailure).code, afterMs: performance.now() - askedAt }
}

/** An answer says nothing of the queue, as a worker with room gets jobs past it: only one to a request that had to wait does. */
const untilQueueing = async (): Promise<void> => {
  const often = { timeoutMs: 10_000, everyMs: 50 }
  const seated = await waitFor(() => ask(chat({ model: 'narrow', tokens: 100 })), { what: 'a seat', ...often })
  const waited = await waitFor(() => ask(chat({ model: 'narrow', tokens: 1 })), { what: 'a queue', ...often })
  await Promise.all([new Reading(seated).done, new Reading(waited).done])
}

const untilServing = (): Promise<unknown> =>
  waitFor(() => expectExact(chat({ tokens: 1 })), { what: 'an answer', timeoutMs: 10_000, everyMs: 50 })

/** Nobody holds anything against a node any more. */
const untilNodesUp = (): Promise<unknown> => {
  beats.clear()
  const states = () => [...beats.values()].flatMap(({ pools }) => pools.flatMap(({ nodes }) => nodes))
  return waitFor(() => states().length > 0 && states().every(({ state }) => state === 'up'), { what: 'all nodes up' })
}

/** Begins an answer of about 1.2 s and comes back when it streams. */
const streaming = async (clientGone = stays): Promise<{ question: Question; reading: Reading }> => {
  const question = chat({ tokens: 120 })
  const reading = new Reading(await ask(question, clientGone))
  await reading.untilChars(60)
  return { question, reading }
}

const expectWhole = async ({ question, reading }: { question: Question; reading: Reading }): Promise<void> => {
  await reading.done
  expect(reading.text).toBe(question.expected)
}

const requestsAt = (...names: (keyof DeskStack['nodes'])[]) => names.flatMap((name) => stack.nodes[name].requests())
/** What the main nodes were asked last, by the id that workers give a call. */
const lastCall = (): { request: RequestId; attempt: number } => {
  const last = requestsAt('node-a', 'node-b')
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt)
    .at(-1)
  const [request, attempt] = last?.id.split('.') ?? []
  return { request: RequestId.parse(request), attempt: Number(attempt) }
}

describe('an answer', () => {
  test('is byte for byte what the node says, thirty at once', async () => {
    await Promise.all(Array.from({ length: 30 }, () => expectExact(chat())))
  })

  test('comes for a body of 3 MB, which travels in pieces', async () => {
    await expectExact(chat({ promptBytes: 3 * 1024 ** 2 }))
  })

  test('belongs to the run that claimed first: another claim gets nothing, and frames of another run change nothing', async () => {
    const begun = await streaming()
    const call = { ...lastCall(), run: RunId.parse('f'.repeat(16)) }
    const claim = { ...call, worker: WorkerId.parse('intruder') }
    const { message } = await stack.outsider.request(claimAttempt, [stack.ingress], claim)
    expect(message).toEqual({ kind: 'gone', reason: 'already_claimed' })
    for (let seq = 0; seq < 50; seq++) {
      const parts = [{ kind: 'text' as const, text: 'forged', tokens: 1 }]
      stack.outsider.publish(runFrames, [stack.ingress], { frames: [{ ...call, seq, parts }] })
    }
    await stack.outsider.flush()
    await expectWhole(begun)
  })
})

describe('work that no one waits for', () => {
  test('leaves the node within 250 ms when its client goes in the middle of the answer', async () => {
    const client = new AbortController()
    const { reading } = await streaming(client.signal)
    const leftAt = Date.now()
    client.abort()
    await expect(reading.done).rejects.toMatchObject({ code: 'cancelled' })
    const aborted = await waitFor(
      () =>
        requestsAt('node-a', 'node-b').find(
          ({ outcome, finishedAt }) => outcome === 'aborted_by_client' && finishedAt! >= leftAt,
        ),
      { what: 'the end at the node' },
    )
    expect(aborted.finishedAt! - leftAt).toBeLessThan(250)
  })

  test('never reaches a node when its client goes while it waits, and leaves the queue at once', async () => {
    const before = requestsAt('node-narrow').length
    const first = chat({ model: 'narrow', tokens: 100 })
    const running = new Reading(await ask(first))
    const client = new AbortController()
    const waiting = ask(chat({ model: 'narrow' }), client.signal)
    const redis = redisClient()
    const line = 'penstock:{narrow}:interactive:prioritized'
    const jobId = await waitFor(async () => (await redis.zrange(line, '0', '0'))[0], { what: 'the waiting job' })
    client.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await waitFor(async () => (await redis.zcard(line)) === 0, { what: 'the job withdrawn', timeoutMs: 500 })
    const [request] = jobId.split('.')
    const job = { request: RequestId.parse(request), attempt: 1, pool: 'narrow', lane: 'interactive' as const }
    const { message } = await stack.outsider.request(findUnknownJobs, [], { jobs: [job] })
    expect(message.unknown).toEqual([jobId])
    await expectWhole({ question: first, reading: running })
    expect(requestsAt('node-narrow')).toHaveLength(before + 1)
  })
})

describe('a refusal', () => {
  test('comes within a second when no worker serves the pool', async () => {
    const { code, afterMs } = await refusalOf(chat({ model: 'idle' }))
    expect(code).toBe('backend_unavailable')
    expect(afterMs).toBeLessThan(1000)
  })

  test('comes at once for what no message can carry, and the request does not hang', async () => {
    const question = chat()
    question.intake.model = { kind: 'name', name: 'x'.repeat(300) }
    expect((await refusalOf(question)).afterMs).toBeLessThan(1000)
  })

  test('of the node reaches the client as it is', async () => {
    const question = chat()
    question.intake.body = Buffer.from(JSON.stringify({ messages: [], maxTokens: 1 }))
    expect((await refusalOf(question)).code).toBe('backend_error')
  })
})

describe('a node', () => {
  test('that resets its streams costs a continuation at the next, not a byte', async () => {
    const faults = ['node-a', 'node-b'] as const
    for (const name of faults) stack.nodes[name].injectFault({ kind: 'reset_mid_stream', afterTokens: 30 })
    await expectExact(chat({ tokens: 90 }))
    expect(requestsAt(...faults).filter(({ outcome }) => outcome === 'failed')).toHaveLength(2)
  })

  test('that breaks off while its model thinks costs the thought, not a byte, where no client saw it', async () => {
    await untilNodesUp()
    for (const node of [stack.nodes['node-a'], stack.nodes['node-b']]) node.configure({ reasoningTokens: 40 })
    stack.nodes['node-a'].injectFault({ kind: 'reset_mid_stream', afterTokens: 20 })
    const failed = () => requestsAt('node-a').filter(({ outcome }) => outcome === 'failed').length
    const before = failed()
    const questions = Array.from({ length: 6 }, () => chat({ tokens: 60, reasoningTokens: 40 }))
    const readings = await Promise.all(questions.map(expectExact))
    expect(readings.filter(({ thoughts }) => thoughts > 0)).toEqual([])
    expect(failed() - before).toBe(1)
  })

  test.each(['http_500', 'http_503'] as const)(
    'that answers %s is asked no more for a while: the other serves everyone',
    async (kind) => {
      await untilNodesUp()
      stack.nodes['node-a'].injectFault({ kind }, 1000)
      const before = requestsAt('node-a').length
      for (let n = 0; n < 30; n++) await expectExact(chat({ tokens: 1 }))
      expect(requestsAt('node-a').length - before).toBeLessThan(6)
    },
  )
})

describe('a worker', () => {
  test('that is asked to stop hands its streams over, and no byte is lost or doubled', async () => {
    const former = worker
    worker = await stack.startWorker('worker-2')
    const begun = await Promise.all(Array.from({ length: 10 }, () => streaming()))
    former.kill('SIGTERM')
    expect(await former.exited).toEqual({ code: 0, signal: null })
    await Promise.all(begun.map(expectWhole))
    expect(Math.max(...begun.map(({ reading }) => reading.pauseMs))).toBeLessThan(1000)
  })

  test('that is killed costs its streams a pause of 3 s at most, not a byte', async () => {
    const [former, begun] = [worker, await Promise.all(Array.from({ length: 5 }, () => streaming()))]
    worker = await stack.startWorker('worker-3')
    const further = await Promise.all(Array.from({ length: 5 }, () => streaming()))
    former.kill('SIGKILL')
    await Promise.all([...begun, ...further].map(expectWhole))
    for (const { reading } of further) expect(reading.pauseMs).toBeLessThan(3000)
  })
})

test('a router that is replaced costs nothing, and while there is none requests are refused within a second', async () => {
  const begun = await streaming()
  const next = await stack.startRouter()
  const asking = Array.from({ length: 40 }, async (_, n) => {
    await new Promise((resolve) => setTimeout(resolve, n * 5))
    await expectExact(chat({ tokens: 2 }))
  })
  router.kill('SIGTERM')
  await Promise.all([...asking, router.exited])
  next.kill('SIGKILL')
  await next.exited
  const { code, afterMs } = await refusalOf(chat())
  expect(code).toBe('store_unavailable')
  expect(afterMs).toBeLessThan(1000)
  router = await stack.startRouter()
  await expectWhole(begun)
  await expectExact(chat())
})

test('a NATS server that is killed and comes back costs no stream a byte, nor a second attempt', async () => {
  const begun = await Promise.all(Array.from({ length: 5 }, () => streaming()))
  const before = requestsAt('node-a', 'node-b').length
  stack.nats.kill('SIGKILL')
  await stack.restart('nats')
  await Promise.all(begun.map(expectWhole))
  expect(requestsAt('node-a', 'node-b')).toHaveLength(before)
  await untilServing()
})

describe('Redis', () => {
  test('that freezes or is gone stops nothing that a worker has room for; the rest is a refusal, at once when it is gone', async () => {
    const begun = await streaming()
    const seat = new AbortController()
    // Holds the only seat of its pool until the end, or it could be given away in between.
    const seated = new Reading(await ask(chat({ model: 'narrow', tokens: 3000 }), seat.signal))
    seated.done.catch(() => undefined)
    stack.redis.kill('SIGSTOP')
    await expectExact(chat())
    expect(await refusalOf(chat({ model: 'narrow' }))).toMatchObject({ code: 'store_unavailable' })
    stack.redis.kill('SIGCONT')
    stack.redis.kill('SIGKILL')
    await expectExact(chat())
    const gone = await refusalOf(chat({ model: 'narrow' }))
    expect(gone.code).toBe('store_unavailable')
    expect(gone.afterMs).toBeLessThan(1000)
    seat.abort()
    await expectWhole(begun)
    await stack.restart('redis')
    await untilQueueing()
  })

  test('knows nothing of any prompt, nor does any log line or audit record', async () => {
    const running = new Reading(await ask(chat({ model: 'narrow', tokens: 100 })))
    const waiting = ask(chat({ model: 'narrow', tokens: 1 }))
    const redis = redisClient()
    await waitFor(async () => (await redis.zcard('penstock:{narrow}:interactive:prioritized')) > 0, {
      what: 'a waiting job',
    })
    const keys = await redis.keys('*')
    const dumps = await Promise.all(
      keys.map(async (key) => `${key} ${(await redis.dumpBuffer(key))?.toString('latin1')}`),
    )
    await Promise.all([running.done, waiting.then((answer) => new Reading(answer).done)])
    const files = await readdir(stack.auditDir)
    const records = await Promise.all(
      files.filter((name) => name !== 'lock').map((name) => readFile(join(stack.auditDir, name), 'utf8')),
    )
    const places = { redis: dumps.join('\n'), logs: stack.logLines.join('\n'), audit: records.join('\n') }
    expect(Object.entries(places).filter(([, content]) => content.includes(canary))).toEqual([])
    expect(Object.values(places).filter((content) => content.length < 500)).toEqual([])
    expect(places.audit).toContain('response.completed')
  })
})

test('nobody logged an error but the one that was made', () => {
  const errors = stack.logLines.filter((line) => /"severity":"(error|fatal)"/.test(line))
  expect(errors.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
    'attempt cannot be submitted',
  ])
})

const redisClient = (): Redis => {
  const redis = new Redis(stack.redis.url)
  onTestFinished(() => redis.disconnect())
  return redis
}
