import { z } from 'zod'
import { NodeSourceState } from './beat.ts'
import { ConfigName, Lane } from './ids.ts'
import { defineRequest } from './message.ts'

/** What a router knows of a pool: for operators and autoscalers. */
export const PoolReport = z.object({
  pool: ConfigName,
  lanes: z.array(
    z.object({
      lane: Lane,
      jobs: z.int().min(0),
      bytes: z.int(),
      /** Prompt and output tokens of what waits. */
      tokens: z.int(),
      /** Of the request that has waited longest, ms; 0: none waits. */
      oldestWaitMs: z.int().min(0),
      runsPerS: z.number().min(0),
      serviceMs: z.number().min(0).nullable(),
      /** What a request that came now would wait, ms; null: not measured yet. */
      expectedWaitMs: z.number().min(0).nullable(),
    }),
  ),
  /** Runs that the nodes that are up take at once, and how many they hold. */
  slots: z.int().min(0),
  inFlight: z.int().min(0),
  nodesUp: z.int().min(0),
  /** Names in DNS that its nodes come from, as the worker with the most trouble sees them; absent: none. */
  sources: z.array(NodeSourceState).optional(),
  /** 0–1 of the slots, more while requests wait. */
  saturation: z.number().min(0),
  /** Nodes that it should have. */
  desiredNodes: z.int().min(0),
})
export type PoolReport = z.infer<typeof PoolReport>

/** Asks how the pools are. Any router. */
export const reportPools = defineRequest(
  'pool.report',
  1,
  z.object({}),
  z.object({ pools: z.array(PoolReport).max(1000) }),
)
