import type { Lane } from '@penstock/contracts'

/** The instant at which a job has waited too long. */
export const lateAt = (lane: Lane, nowAt: number, patienceMs: Record<Lane, number>) => nowAt + patienceMs[lane]
