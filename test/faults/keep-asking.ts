import { setTimeout as delay } from 'node:timers/promises'
import { chatQuestion } from '../stack/chat-question.ts'
import type { HttpOrigin } from '../stack/http-stream.ts'
import type { Random } from '../stack/seeded-random.ts'
import { testModel } from '../stack/seed-config.ts'
import { StreamProbe } from './stream-probe.ts'
import type { Observation } from './stream-probe.ts'

export interface AskingOptions {
  readonly origin: HttpOrigin
  readonly openAiKey: string
  /** Streams open at any time. */
  readonly concurrent: number
  /** No request begins at or after this instant of `performance.now()`; those under way run to their end. */
  readonly untilAt: number
  readonly random: Random
  readonly signal: AbortSignal
  /** `id` went along as `X-Request-ID`. */
  readonly onEnd: (id: string, observation: Observation) => void
}

const tokensMin = 300
const tokensMax = 600
const promptBytes = 600

/** Whole life of a request beyond which it counts as hung, ms: 600 tokens at 20 ms are 12 s. */
const answerWithinMs = 60_000
const retryWaitMs = { min: 100, max: 1000 } as const

/** Keeps a number of streams open, each with a prompt of its own, a new one for each that ended. */
export const keepAsking = async (options: AskingOptions): Promise<void> => {
  const { concurrent, untilAt, signal, onEnd } = options
  let asked = 0
  const line = async (): Promise<void> => {
    while (performance.now() < untilAt && !signal.aborted) {
      const id = `${asked++}-${options.random.between(0, 2 ** 32 - 1).toString(36)}`
      const seen = await ask(options, id)
      onEnd(id, seen)
      if (seen.outcome === 'completed') continue
      const waitMs = Math.min(retryWaitMs.max, Math.max(retryWaitMs.min, seen.retryAfterMs))
      await delay(waitMs, undefined, { signal })
    }
  }
  await Promise.all(Array.from({ length: concurrent }, line))
  signal.throwIfAborted()
}

const ask = async ({ origin, openAiKey, random, signal }: AskingOptions, id: string): Promise<Observation> => {
  const question = chatQuestion({
    ...testModel,
    model: testModel.name,
    id,
    promptBytes,
    maxTokens: random.between(tokensMin, tokensMax),
  })
  const probe = new StreamProbe(question, () => performance.now())
  const headers = { authorization: `Bearer ${openAiKey}`, 'x-request-id': id }
  const cut = origin.post({ path: '/v1/chat/completions', headers, body: question.body }, probe)
  const timer = setTimeout(cut, answerWithinMs)
  signal.addEventListener('abort', cut, { once: true })
  try {
    return await probe.observation
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cut)
  }
}
