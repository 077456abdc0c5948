import type { WorkloadRequest } from '../workloads/workload.ts'

/** The same plan with other text: what one subject left in the nodes' caches must not help the next. */
export const salted = (plan: readonly WorkloadRequest[], salt: string): WorkloadRequest[] =>
  plan.map((request) => ({
    ...request,
    prompt: request.prompt.map((piece) => ({ ...piece, seed: `${salt} ${piece.seed}` })),
  }))
