import { Part } from '@penstock/contracts'
import { describe, expect, test } from 'vitest'
import { countsAgainstNode, judgeFailure, overloadsNode } from './judge-failure.ts'
import type { NodeFacts, NodeTrouble } from './judge-failure.ts'

const facts = (over: Partial<NodeFacts> = {}): NodeFacts => ({ node: 'a', othersLeft: true, sinceOkMs: 1000, ...over })
const status = (code: number, retryAfterMs: number | null = null): NodeTrouble => ({
  kind: 'status',
  status: code,
  retryAfterMs,
})
const broken: NodeTrouble = { kind: 'broken', reason: 'reset' }

describe('a call that reached no node', () => {
  test('is tried at another node, and with none left is a gap when the node was well less than 30 s ago', () => {
    expect(judgeFailure({ kind: 'unreachable' }, facts())).toMatchObject({ retry: true, fault: 'unreached' })
    expect(judgeFailure({ kind: 'unreachable' }, facts({ othersLeft: false, sinceOkMs: 29_999 }))).toMatchObject({
      code: 'backend_unavailable',
      retry: false,
      retryAfterMs: 2000,
    })
  })

  test.each([null, 30_000])('is an outage when the node was last well %s ms ago', (sinceOkMs) => {
    expect(judgeFailure({ kind: 'unreachable' }, facts({ othersLeft: false, sinceOkMs }))).toMatchObject({
      code: 'backend_outage',
      retry: false,
    })
  })
})

test('a node that says nothing is left for another, and silence of all is a timeout: no client should come back for it', () => {
  expect(judgeFailure({ kind: 'silent' }, facts())).toMatchObject({
    code: 'deadline_exceeded',
    retry: true,
    fault: 'broke',
  })
  expect(countsAgainstNode({ kind: 'silent' })).toBe(true)
})

describe('a status of the node', () => {
  test.each([
    [429, 'overloaded', true, 'unreached'],
    [503, 'overloaded', true, 'unreached'],
    [500, 'backend_error', true, 'broke'],
    [502, 'backend_error', true, 'broke'],
    [504, 'backend_error', true, 'broke'],
    [401, 'backend_error', true, 'broke'],
    [403, 'backend_error', true, 'broke'],
    [400, 'backend_error', false, 'none'],
    [404, 'backend_error', true, 'unreached'],
    [405, 'backend_error', false, 'none'],
    [413, 'backend_error', false, 'none'],
    [422, 'backend_error', false, 'none'],
    [307, 'backend_error', true, 'broke'],
  ])('%i is %s; another node may be tried: %s; fault: %s', (code, expected, retry, fault) => {
    const judged = judgeFailure(status(code), facts())
    expect(judged).toMatchObject({ code: expected, retry, fault, upstreamStatus: code, node: 'a' })
    expect(judgeFailure(status(code), facts({ othersLeft: false })).retry).toBe(false)
  })

  test('of 501 is final: the node cannot do this, and no other of its kind can', () => {
    expect(judgeFailure(status(501), facts())).toMatchObject({ code: 'backend_error', retry: false, fault: 'none' })
  })

  test('hands the node its own wait on, else a second', () => {
    expect(judgeFailure(status(503, 7000), facts()).retryAfterMs).toBe(7000)
    expect(judgeFailure(status(503), facts()).retryAfterMs).toBe(1000)
  })
})

describe('an answer that broke off', () => {
  test('is continued, at the same node when there is no other', () => {
    for (const othersLeft of [true, false])
      expect(judgeFailure(broken, facts({ othersLeft }))).toMatchObject({ retry: true, fault: 'broke' })
  })

  test('stays a message that its owner can read, however long the reason', () => {
    const reason = 'x'.repeat(5000)
    expect(Part.safeParse(judgeFailure({ kind: 'broken', reason }, facts())).success).toBe(true)
  })
})

test('a node that was too slow had its time: nothing is left for another', () => {
  expect(judgeFailure({ kind: 'too-slow' }, facts())).toMatchObject({ code: 'deadline_exceeded', retry: false })
})

describe('what it says about the node', () => {
  test.each([
    [{ kind: 'unreachable' }, 'ill'],
    [broken, 'ill'],
    [status(500), 'ill'],
    [status(401), 'ill'],
    [status(403), 'ill'],
    [status(503), 'overloaded'],
    [status(429), 'overloaded'],
    [status(400), 'well'],
    [status(404), 'well'],
    [status(501), 'well'],
    [{ kind: 'too-slow' }, 'well'],
  ] as [NodeTrouble, string][])('%o: it is %s', (trouble, verdict) => {
    const said = countsAgainstNode(trouble) ? 'ill' : overloadsNode(trouble) ? 'overloaded' : 'well'
    expect(said).toBe(verdict)
  })
})
