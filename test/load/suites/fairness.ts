import { measureFairness } from '../fairness.ts'
import type { Suite } from './suite.ts'

/** Fifty equal users, then the same beside a script that asks for ten times as much as one of them. */
export const fairness: Suite = {
  name: 'fairness',
  summary: 'fifty equal users beside a script at ten times the load of one',
  subjects: ['penstock'],
  async run({ options, signal, onProgress }) {
    const seconds = options.seconds ?? (options.quick ? 10 : 40)
    const { failures, ...facts } = await measureFairness({ seconds, seed: options.seed, signal, onProgress })
    const { alone, beside, jain, p99Ratio, others, script } = facts
    const text = [
      `Jain index ${jain}; TTFT p99 of the users ${alone.p99} ms alone, ${beside.p99} ms beside the script (${p99Ratio} times)`,
      `users: ${others.completed} of ${others.asked} answered, ${others.refused} refused; script: ${script.completed} of ${script.asked}, ${script.refused} refused, fair share ${script.fairShare}`,
    ].join('\n')
    return {
      rows: [{ subject: 'penstock', jain, p99Ratio, ttftAloneMs: alone, ttftBesideMs: beside }],
      text,
      facts,
      absent: [],
      failures,
    }
  },
}
