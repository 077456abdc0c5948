import { setTimeout as delay } from 'node:timers/promises'
import { chatQuestion } from '../stack/chat-question.ts'
import type { HttpOrigin } from '../stack/http-stream.ts'
import type { Random } from '../stack/seeded-random.ts'
import { keysOf, testModel } from '../stack/seed-config.ts'
import { StreamProbe } from './stream-probe.ts'
import type { Load } from './scenario.ts'
import type { Observation } from './stream-probe.ts'

export interface AskingOptions {
  /** One per ingress. */
  readonly origins: readonly HttpOrigin[]
  readonly openAiKey: string
  readonly load: Load
  /** No request begins at or after this instant of `performance.now()`; those under way run to their end. */
  readonly untilAt: number
  readonly random: Random
  readonly signal: AbortSignal
  /** `id` went along as `X-Request-ID`. */
  readonly onEnd: (id: string, observation: Observation) => void
  /** Whether an ingress was struck since that instant: then its streams went with it. */
  readonly wasStruck?: (ingress: number, sinceAt: number) => boolean
}

const promptBytes = 600

/** Whole life of a request beyond which it counts as hung, ms: 600 tokens at 20 ms are 12 s. */
const answerWithinMs = 60_000
const startEveryMs = 40
const retryWaitMs = { min: 100, max: 1000 } as const

/** Keeps a number of streams open, each with a prompt of its own, a new one for each that ended. */
export const keepAsking = async (options: AskingOptions): Promise<void> => {
  const { load, untilAt, signal, onEnd, origins, wasStruck } = options
  let asked = 0
  const line = async (_: unknown, index: number): Promise<void> => {
    // All at once they would be more than may wait of one user.
    await delay(index * startEveryMs, undefined, { signal })
    while (performance.now() < untilAt && !signal.aborted) {
      const id = `${asked++}-${options.random.between(0, 2 ** 32 - 1).toString(36)}`
      const first = options.random.between(0, origins.length - 1)
      let ingress = first
      let askedAt = performance.now()
      let probed = await ask(options, origins[ingress] as HttpOrigin, id)
      // What stands before the ingresses goes on to the next when one is not there.
      while (isAbsent(probed) && origins.length > 1 && (ingress = (ingress + 1) % origins.length) !== first) {
        askedAt = performance.now()
        probed = await ask(options, origins[ingress] as HttpOrigin, id)
      }
      const cut = probed.outcome === 'lost' && wasStruck?.(ingress, askedAt) === true
      const seen: Observation = cut ? { ...probed, outcome: 'cut' } : probed
      onEnd(id, seen)
      if (seen.outcome === 'completed') continue
      const waitMs = Math.min(retryWaitMs.max, Math.max(retryWaitMs.min, seen.retryAfterMs))
      await delay(waitMs, undefined, { signal })
    }
  }
  await Promise.all(Array.from({ length: load.concurrent }, line))
  signal.throwIfAborted()
}

/** Nobody listens there: the request was never taken. */
const isAbsent = ({ status, problem }: Observation): boolean => status === 0 && /ECONNREFUSED/.test(problem ?? '')

const ask = async (
  { openAiKey, random, signal, load }: AskingOptions,
  origin: HttpOrigin,
  id: string,
): Promise<Observation> => {
  const question = chatQuestion({
    ...testModel,
    model: testModel.name,
    id,
    promptBytes,
    maxTokens: random.between(load.tokensMin, load.tokensMax),
  })
  const probe = new StreamProbe(question, () => performance.now())
  const keys = keysOf(openAiKey)
  const key = keys[random.between(0, keys.length - 1)]
  const headers = { authorization: `Bearer ${key}`, 'x-request-id': id }
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
