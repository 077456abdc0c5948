import type { LocalStack } from '@penstock/local-stack'
import type { Limits } from './verdict.ts'
import type { WorkerBeats } from './worker-beats.ts'

/** What a scenario may use to strike. */
export interface Stage {
  readonly stack: LocalStack
  readonly beats: WorkerBeats
  readonly signal: AbortSignal
}

/** One kind of fault, struck again and again under load. */
export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly limits: Limits
  /** Strikes a worker process. Resolves when it works again; throws when it does not come back. */
  strike(victim: string, stage: Stage): Promise<void>
}

/** Longest wait until a struck process works again, ms. */
export const recoveryMs = 20_000
