import { setTimeout as delay } from 'node:timers/promises'

export interface WaitForOptions {
  /** What is waited for, as the error says it. */
  readonly what: string
  /** Default 5 s. */
  readonly timeoutMs?: number
  /** Default 20 ms. */
  readonly everyMs?: number
}

/** Asks `condition` until it returns something truthy, and returns that. A condition that throws counts as not met; its last error is the cause of the timeout. */
export const waitFor = async <T>(condition: () => T | Promise<T>, options: WaitForOptions): Promise<NonNullable<T>> => {
  const { what, timeoutMs = 5000, everyMs = 20 } = options
  const lastAt = performance.now() + timeoutMs
  for (;;) {
    let cause: unknown
    try {
      const met = await condition()
      if (met) return met
    } catch (error) {
      cause = error
    }
    if (performance.now() >= lastAt) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause })
    await delay(everyMs)
  }
}
