import { measureCancels } from '../cancels.ts'
import type { Suite } from './suite.ts'

/** Ten thousand clients that leave at a random moment, in the queue, before the first token, mid-stream; with what the nodes know of it. */
export const cancels: Suite = {
  name: 'cancels',
  summary: 'clients that leave at random moments: time to the node’s abort, orphaned generations, wasted tokens',
  subjects: ['penstock'],
  async run({ options, signal, onProgress }) {
    const count = options.rates?.[0] ?? (options.quick ? 1000 : 10_000)
    const { failures, ...facts } = await measureCancels({ count, seed: options.seed, signal, onProgress })
    const { cancelled, answered, neverAtNode, aborted, orphaned, abortMs, wastedTokens, totalTokens } = facts
    const text = [
      `${cancelled} cancelled (${neverAtNode} before any node, ${aborted} at one), ${answered} answered before; ${orphaned} orphaned`,
      `to the node’s abort p50 ${abortMs.p50} p99 ${abortMs.p99} max ${abortMs.max} ms; ${wastedTokens} of ${totalTokens} tokens for nobody`,
    ].join('\n')
    return {
      rows: [{ subject: 'penstock', cancelled, neverAtNode, aborted, orphaned, abortMs, wastedTokens, totalTokens }],
      text,
      facts: { ...facts, missedAims: failures },
      absent: [],
      failures,
    }
  },
}
