import type { Lane } from '@penstock/contracts'
import type { LaneTarget } from './lane-target.ts'
import type { NodeControl } from './node-control.ts'
import type { NodeLoad } from './node-load.ts'
import { nodeShare } from './node-share.ts'

/** One node as one of its workers sees it. */
export interface NodeUse {
  readonly load: NodeLoad
  readonly control: NodeControl
  /** Of the node's limit, by configuration. */
  readonly ceiling: number
  /** Live workers of the pool, and which of them asks. */
  readonly workers: readonly string[]
  readonly self: string
  readonly targets: Readonly<Record<Lane, LaneTarget>>
  readonly now: number
}

/** This worker's part of the node's limit. */
export const seatsOf = ({ control, ceiling, workers, self }: NodeUse): number =>
  nodeShare(control.limit(ceiling), workers, self)

/** Whether this worker has used up its part of the node's bounds in tokens. An empty node takes anything. */
export const tokensFull = ({ load, control, workers, targets, now }: NodeUse): boolean => {
  const part = 1 / Math.max(1, workers.length)
  if (load.inFlight === 0) return false
  return (
    load.prefillTokens >= control.prefillTokensMax(targets, now) * part || load.kvTokens >= control.kvTokensMax * part
  )
}

/** Calls that this worker may add to the node now. */
export const freeSeats = (use: NodeUse): number => (tokensFull(use) ? 0 : Math.max(0, seatsOf(use) - use.load.inFlight))
