import type { Random } from '../../stack/seeded-random.ts'

/** Lanes that people wait on in different ways; each has its target. */
export const benchLanes = ['completion', 'interactive'] as const
export type BenchLane = (typeof benchLanes)[number]

/** A piece of a prompt. Equal seeds give equal text, so prompts that begin with equal pieces share a prefix. */
export interface PromptPiece {
  readonly seed: string
  readonly tokens: number
  /** It is the client's instructions, which a chat sends as its system message. */
  readonly instructs?: boolean
}

/** One request of a workload, without its text. */
export interface WorkloadRequest {
  /** From the start, ms. */
  readonly atMs: number
  readonly lane: BenchLane
  /** Who asks, as a number below `usersMax`. */
  readonly user: number
  /** Requests of one session come after each other and share their beginnings. */
  readonly session: string
  readonly prompt: readonly PromptPiece[]
  readonly outputTokens: number
  /** The client goes away so long after the intended instant, because nobody needs the answer any more; null: it stays. */
  readonly cutAfterMs: number | null
}

/** Users whom a workload is spread over. */
export const usersMax = 200

export interface WorkloadOptions {
  /** Mean of requests per second over the whole span. */
  readonly perSecond: number
  readonly spanMs: number
  readonly random: Random
}

/** A named load: who asks for what and when. */
export interface Workload {
  readonly name: string
  readonly summary: string
  /** Requests in order of time. */
  plan(options: WorkloadOptions): WorkloadRequest[]
}
