import type { SequenceTrace } from '../engine.ts'

/** A trace as its engine writes it. */
export type OpenTrace = { -readonly [K in Exclude<keyof SequenceTrace, 'steps'>]: SequenceTrace[K] } & {
  readonly steps: [first: number, last: number][]
}

export const openTrace = (arrivedAt: number, promptTokens: number): OpenTrace => ({
  outcome: 'waiting',
  arrivedAt,
  queuedAt: arrivedAt,
  admittedAt: null,
  firstTokenAt: null,
  lastTokenAt: null,
  endedAt: null,
  promptTokens,
  outputTokens: 0,
  cachedTokens: 0,
  preemptions: 0,
  recomputedTokens: 0,
  wastedTokens: 0,
  steps: [],
})

/** Writes down that the sequence took part in a step; ids ascend. */
export const traceStep = (trace: OpenTrace, step: number): void => {
  const run = trace.steps.at(-1)
  if (run !== undefined && run[1] >= step - 1) run[1] = step
  else trace.steps.push([step, step])
}

export const traceToken = (trace: OpenTrace, at: number): void => {
  trace.firstTokenAt ??= at
  trace.lastTokenAt = at
  trace.outputTokens++
}

/** `underway`: output tokens that were being made and nobody will get. */
export const closeTrace = (
  trace: OpenTrace,
  outcome: Exclude<SequenceTrace['outcome'], 'waiting' | 'running'>,
  at: number,
  underway = 0,
): void => {
  trace.outcome = outcome
  trace.endedAt = at
  if (outcome !== 'finished') trace.wastedTokens = trace.outputTokens + underway
}
