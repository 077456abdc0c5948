import { chat } from './chat.ts'
import { completions } from './completions.ts'
import type { Workload } from './workload.ts'

/** What 1,000 users ask for per second: GitLab's own planning figure. */
const perSecondOf1000Users = 7
/** By number of requests. People type far more than they chat. */
const completionRatio = 0.8

/** A working day: people who type and people who chat, at once. */
export const mixed: Workload = {
  name: 'mixed',
  summary: `80 % completions, 20 % chat; ${perSecondOf1000Users} requests/s stand for 1,000 users`,
  plan: (options) => {
    const part = (ratio: number) => ({ ...options, perSecond: options.perSecond * ratio })
    return [...completions.plan(part(completionRatio)), ...chat.plan(part(1 - completionRatio))].sort(
      (a, b) => a.atMs - b.atMs,
    )
  },
}
