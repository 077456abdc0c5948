import { RequestId, RunId, WorkerId } from '@penstock/contracts'
import type { Accepted, FailedPart, Frame, Part } from '@penstock/contracts'
import { expect } from 'vitest'
import type { Effect } from './life-effects.ts'
import { defaultLifeLimits } from './limits.ts'
import { RequestLife } from './request-life.ts'
import type { LifeOptions } from './request-life.ts'
import { RetryBudget } from './retry-budget.ts'

export const request = RequestId.parse('0'.repeat(32))
export const worker = (n: number) => WorkerId.parse(`worker-${n}`)
export const runId = (n: number) => RunId.parse(n.toString(16).padStart(16, '0'))
export const accepted: Accepted = {
  kind: 'accepted',
  pool: 'p',
  lane: 'completion',
  model: 'm',
  family: 'general',
  configVersion: 1,
  rule: '',
}
export const end: Part = { kind: 'end', finishReason: 'stop', usage: null, node: 'a' }
export const text = (content: string): Part => ({ kind: 'text', text: content, tokens: 1 })
export const thought = (content: string): Part => ({ kind: 'reasoning', text: content, tokens: 1 })
export const failed = (over: Partial<FailedPart> = {}): FailedPart => ({
  kind: 'failed',
  code: 'cannot_continue',
  retry: true,
  fault: 'broke',
  node: 'a',
  ...over,
})

export const newLife = (options: Partial<LifeOptions> = {}) => {
  const budget = new RetryBudget({ share: 0.1, burst: 10 })
  return new RequestLife(
    {
      request,
      firstByteMs: 10_000,
      totalMs: 60_000,
      queueMs: 10_000,
      reasoning: 'hidden',
      whole: false,
      limits: defaultLifeLimits,
      budgetOf: () => budget,
      ...options,
    },
    0,
  )
}

export const frameOf = (life: RequestLife, run: RunId, seq: number, parts: Part[]): Frame => ({
  request,
  attempt: life.attempt,
  run,
  seq,
  parts,
})

/** Brings a fresh life to a granted run. */
export const granted = (life: RequestLife, run = 1, now = 0): void => {
  if (life.attempt === 1) life.start(now)
  life.submitted(life.attempt, accepted, now)
  expect(life.claim({ request, attempt: life.attempt, run: runId(run), worker: worker(run) }, now)).toEqual({
    kind: 'grant',
  })
}

export const kinds = (effects: Effect[]) => effects.map(({ kind }) => kind)
