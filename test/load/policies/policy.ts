import type { EngineLoad } from '@penstock/vllm-sim'
import type { WorkloadRequest } from '../workloads/workload.ts'

/** A node as a gateway sees it: its own counts, and the node's gauges as they were at the last step. */
export interface PolicyNode {
  readonly index: number
  /** Requests that the gateway sent and that have not ended. */
  readonly inFlight: number
  /** Prompt tokens, without those that the policy believes to be cached, of requests that have no first token yet. */
  readonly prefillTokens: number
  load(): EngineLoad
  /** KV blocks that it holds at most. */
  readonly blocks: number
}

export interface PolicyRequest {
  readonly request: WorkloadRequest
  /** Chained keys of the prompt's blocks. */
  readonly chain: readonly number[]
}

/** A node, and how much of the prompt the policy believes to be cached there. */
export interface Choice {
  readonly node: number
  readonly cachedBlocks?: number
}

/** Chooses nodes. `wait`: none yet; asked again, in order of arrival, whenever a request ends. */
export interface PolicyRun {
  place(asked: PolicyRequest): Choice | 'wait'
}

/** A way of choosing alone, as its authors describe it: never the product. */
export interface Policy {
  readonly name: string
  readonly summary: string
  /** `prefillTokensPerSecond`: what one node computes at its peak. */
  start(nodes: readonly PolicyNode[], prefillTokensPerSecond: number): PolicyRun
}
