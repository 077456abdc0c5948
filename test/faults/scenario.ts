import type { LocalStack } from '@penstock/local-stack'
import type { Random } from '../stack/seeded-random.ts'
import type { TestStack, TestStackOptions } from '../stack/start-stack.ts'
import type { FaultProxies } from './fault-proxies.ts'
import type { Limits } from './verdict.ts'
import type { WorkerBeats } from './worker-beats.ts'

/** What a scenario may use to strike. */
export interface Stage {
  readonly stack: LocalStack
  readonly test: TestStack
  readonly beats: WorkerBeats
  readonly proxies: FaultProxies
  readonly random: Random
  readonly signal: AbortSignal
  /** A request that the scenario asked itself was answered: the audit log knows it too. */
  readonly answered: () => void
}

/** What is asked while a scenario strikes. */
export interface Load {
  /** Streams open at any time. */
  readonly concurrent: number
  readonly tokensMin: number
  readonly tokensMax: number
}

/** One kind of fault, struck again and again under load. */
export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly limits: Limits
  /** What it needs of the stack beside three workers, a router, an ingress and two nodes. */
  readonly stack?: Partial<
    Pick<TestStackOptions, 'nodes' | 'workers' | 'routers' | 'ingresses' | 'highlyAvailable' | 'env'>
  >
  /** Connections go through proxies of ours. */
  readonly proxied?: boolean
  readonly load?: Load
  /** Between strikes, ms; a victim that is not well again delays the next one. */
  readonly everyMs?: number
  /** The ingress whose streams go with this victim, if any: they are counted apart, and the other ingresses' must not be touched. */
  readonly cutsStreamsOf?: (victim: string) => string | null
  /** Who is struck: processes or kinds of them, one at a time. */
  victims(test: TestStack): readonly string[]
  /** Strikes. Resolves when all is well again; throws when it does not come back. Returns who it was, if the victim is a kind. */
  strike(victim: string, stage: Stage): Promise<string | void>
}

/** Longest wait until a struck process works again, ms. */
export const recoveryMs = 20_000

/** At least twelve requests a second: 48 streams of 2–6 s. */
export const brisk: Load = { concurrent: 48, tokensMin: 100, tokensMax: 260 }
