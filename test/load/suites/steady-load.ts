import type { Random } from '../../stack/seeded-random.ts'
import { poissonArrivals } from '../arrivals.ts'
import { usersMax } from '../workloads/workload.ts'
import type { WorkloadRequest } from '../workloads/workload.ts'

export interface SteadyLoad {
  readonly perSecond: number
  readonly spanMs: number
  readonly promptTokens: number
  readonly outputTokens: number
  readonly random: Random
}

/** Chats of one size at random instants, no two alike: what a path is measured with, not what people ask. */
export const steadyLoad = (load: SteadyLoad): WorkloadRequest[] => {
  const { perSecond, spanMs, promptTokens, outputTokens, random } = load
  return poissonArrivals(perSecond, spanMs, random).map((atMs, index) => {
    const id = `${index}-${random.between(0, 2 ** 32 - 1).toString(36)}`
    return {
      atMs,
      lane: 'interactive',
      user: index % usersMax,
      session: id,
      prompt: [
        { seed: id, tokens: 16 },
        { seed: 'one file for all', tokens: promptTokens - 16 },
      ],
      outputTokens,
      cutAfterMs: null,
    }
  })
}
