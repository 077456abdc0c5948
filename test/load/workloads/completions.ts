import { poissonArrivals } from '../arrivals.ts'
import { usersMax } from './workload.ts'
import type { Workload, WorkloadRequest } from './workload.ts'

const supersededRatio = 0.6
/** Until the next keystroke makes an answer useless, ms. */
const typing = { minMs: 100, maxMs: 500 } as const
/** What a completion has in common with the last one in the same file. */
const sharedRatio = 0.85
const filesPerUser = 3

/** Code completions while people type: short answers, most of them given up before they are complete. */
export const completions: Workload = {
  name: 'completions',
  summary: 'prompts of 1–4 k tokens, 30–60 tokens out, 60 % superseded while they run',
  plan: ({ perSecond, spanMs, random }) =>
    poissonArrivals(perSecond, spanMs, random).map((atMs, index): WorkloadRequest => {
      const user = random.between(0, usersMax - 1)
      const file = random.between(1, filesPerUser)
      const tokens = random.between(1000, 4000)
      const shared = Math.floor(tokens * sharedRatio)
      return {
        atMs,
        lane: 'completion',
        user,
        session: `file-${user}-${file}`,
        prompt: [
          ...chunks(`file ${user} ${file}`, shared),
          { seed: `cursor ${index} ${random.next()}`, tokens: tokens - shared },
        ],
        outputTokens: random.between(30, 60),
        cutAfterMs: random.next() < supersededRatio ? random.between(typing.minMs, typing.maxMs) : null,
      }
    }),
}

/** The beginning of a long text: beginnings of different length share what they have in common. */
const chunkTokens = 256
const chunks = (seed: string, tokens: number): WorkloadRequest['prompt'][number][] =>
  Array.from({ length: Math.floor(tokens / chunkTokens) }, (_, chunk) => ({
    seed: `${seed} ${chunk}`,
    tokens: chunkTokens,
  }))
