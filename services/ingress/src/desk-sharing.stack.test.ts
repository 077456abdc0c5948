import { IngressId, RequestId, cancelRequest, listRequests, requestReplacing } from '@penstock/contracts'
import { waitFor } from '@penstock/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from './core/intake.ts'
import { chat, Reading, startDeskStack } from './desk.fixture.ts'
import type { DeskStack, Question } from './desk.fixture.ts'

let stack: DeskStack
beforeAll(async () => {
  stack = await startDeskStack()
  await Promise.all([stack.startRouter(), stack.startWorker('worker-1')])
  await waitFor(
    () =>
      ask(chat({ tokens: 1 })).then(
        () => true,
        () => false,
      ),
    { what: 'a served pool' },
  )
})
afterAll(() => stack[Symbol.asyncDispose]())
afterEach(() => {
  for (const node of Object.values(stack.nodes)) node.configure({ ttftMs: 20, itlMs: 10 })
})

const stays = new AbortController().signal
const ask = ({ intake }: Question, clientGone = stays): Promise<Answer> => stack.desk.ask(intake, clientGone)
const read = async (question: Question, clientGone = stays): Promise<Reading> =>
  new Reading(await ask(question, clientGone))
/** A question about a file of one user. */
const typed = (replaceKey: string, over: Parameters<typeof chat>[0] = {}): Question => {
  const question = chat(over)
  return { ...question, intake: { ...question.intake, principal: 'typist', replaceKey } }
}
const arrived = (): number => Object.values(stack.nodes).reduce((sum, node) => sum + node.totals().arrived, 0)
const running = (): number => Object.values(stack.nodes).reduce((sum, node) => sum + node.totals().running, 0)

describe('a newer request of the same user and file', () => {
  test('takes the place of a waiting one, which gets an empty answer and never reaches a node', async () => {
    const before = arrived()
    const blocker = await read(chat({ model: 'narrow', tokens: 80 }))
    const old = typed('file-1', { model: 'narrow' })
    const oldAnswer = ask(old).then((answer) => new Reading(answer))
    await waitFor(() => stack.desk.list(10).some(({ state }) => state === 'waiting'), { what: 'the old one in line' })
    const newer = typed('file-1', { model: 'narrow' })
    const [emptied, answered] = await Promise.all([oldAnswer, read(newer)])
    await Promise.all([emptied.done, answered.done, blocker.done])
    expect([emptied.text, emptied.ended]).toEqual(['', true])
    expect(answered.text).toBe(newer.expected)
    expect(arrived() - before).toBe(2)
  })

  test('ends a running one at its node, and the old stream ends cleanly where it was', async () => {
    const old = typed('file-2', { tokens: 500 })
    const streaming = await read(old)
    await streaming.untilChars(20)
    const newer = await read(typed('file-2', { tokens: 5 }))
    await Promise.all([streaming.done, newer.done])
    expect(streaming.ended).toBe(true)
    expect(old.expected.startsWith(streaming.text)).toBe(true)
    expect(streaming.text.length).toBeLessThan(old.expected.length)
    await waitFor(() => running() === 0, { what: 'the node free', timeoutMs: 1000 })
  })

  test('does so at another ingress too, but one that came earlier does not', async () => {
    const announce = (askedAt: number): void =>
      stack.outsider.publish(requestReplacing, [], {
        ingress: IngressId.parse('other'),
        request: RequestId.parse('f'.repeat(32)),
        replaceKey: 'file-3',
        askedAt,
      })
    const question = typed('file-3', { tokens: 100 })
    const streaming = await read(question)
    announce(Date.now() - 60_000)
    await streaming.done
    expect(streaming.text).toBe(question.expected)
    const second = await read(typed('file-3', { tokens: 500 }))
    announce(Date.now() + 1)
    await second.done
    expect([second.ended, second.text.length < 500]).toEqual([true, true])
  })

  test('of another file leaves it alone', async () => {
    const first = typed('file-4', { tokens: 50 })
    const streaming = await read(first)
    await (
      await read(typed('file-5', { tokens: 2 }))
    ).done
    await streaming.done
    expect(streaming.text).toBe(first.expected)
  })
})

describe('equal questions that come together', () => {
  const shared = (over: Parameters<typeof chat>[0] = {}): Question => {
    const question = chat(over)
    return { ...question, intake: { ...question.intake, flightKey: `flight-${question.intake.principal}` } }
  }
  const of = (question: Question, principal: string): Question => ({
    ...question,
    intake: { ...question.intake, principal },
  })

  test('share one generation, and each gets the whole answer, also who joins in the middle', async () => {
    const before = arrived()
    const question = shared({ tokens: 60 })
    const first = await read(of(question, 'a'))
    const second = await read(of(question, 'b'))
    await first.untilChars(40)
    const third = await read(of(question, 'c'))
    await Promise.all([first.done, second.done, third.done])
    expect([first, second, third].map(({ text }) => text)).toEqual(Array(3).fill(question.expected))
    expect(arrived() - before).toBe(1)
    await (
      await read(of(question, 'd'))
    ).done
    expect(arrived() - before).toBe(2)
  })

  test('go on when the first of them leaves, and leave the node when the last one does', async () => {
    const question = shared({ tokens: 400 })
    const gone = [new AbortController(), new AbortController()]
    const leader = await read(of(question, 'a'), gone[0]!.signal)
    const follower = await read(of(question, 'b'), gone[1]!.signal)
    await leader.untilChars(20)
    gone[0]!.abort()
    await expect(leader.done).rejects.toMatchObject({ code: 'cancelled' })
    const { length } = follower.text
    await follower.untilChars(length + 100)
    expect(question.expected.startsWith(follower.text)).toBe(true)
    gone[1]!.abort()
    await expect(follower.done).rejects.toMatchObject({ code: 'cancelled' })
    await waitFor(() => running() === 0, { what: 'the node free', timeoutMs: 1000 })
  })
})

test('an operator sees what is under way and ends it by its correlation id', async () => {
  const question = chat({ tokens: 500 })
  const streaming = await read({ ...question, intake: { ...question.intake, correlationId: 'wanted' } })
  const [listed] = await stack.outsider.collect(listRequests, {}, 300)
  expect(listed).toMatchObject({ instance: 'desk', count: 1 })
  expect(listed?.requests[0]).toMatchObject({ correlationId: 'wanted', state: 'granted', pool: 'main', attempt: 1 })
  expect(await stack.outsider.collect(cancelRequest, { id: 'nobody', by: 'ann' }, 300)).toEqual([{ cancelled: 0 }])
  expect(await stack.outsider.collect(cancelRequest, { id: 'wanted', by: 'ann' }, 300)).toEqual([{ cancelled: 1 }])
  await expect(streaming.done).rejects.toMatchObject({ code: 'cancelled' })
  await waitFor(() => running() === 0, { what: 'the node free', timeoutMs: 1000 })
})
