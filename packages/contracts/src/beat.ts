import { z } from 'zod'
import { ConfigName, IngressId, Lane, NodeName, RunId, WorkerId } from './ids.ts'
import { defineEvent } from './message.ts'

/** Workers and ingresses beat this often, ms. */
export const beatEveryMs = 500

export const NodeState = z.object({
  node: NodeName,
  /** `up` takes work; `ejected` failed and is probed; `asleep` and `wrong-model` answer, but not as wanted; the others by order. */
  state: z.enum(['up', 'ejected', 'asleep', 'wrong-model', 'paused', 'draining']),
  inFlight: z.int().min(0),
  /** Prompt tokens of this worker's calls that have no first token yet. */
  prefillTokens: z.int().min(0).default(0),
  /** This worker's share of the node's in-flight limit. */
  limit: z.int().min(0),
  /** Since this worker last saw the node answer well, ms; null: never. */
  lastOkAgoMs: z.int().min(0).nullable(),
})
export type NodeState = z.infer<typeof NodeState>

/** What a worker knows of the nodes behind a name in DNS. */
export const NodeSourceState = z.object({
  source: ConfigName,
  /** Nodes that it stands for. */
  nodes: z.int().min(0),
  /** Why the last answer was not followed, or not wholly; null: it was. */
  trouble: z.string().max(200).nullable(),
  /** ms; 0 without trouble. */
  troubleForMs: z.int().min(0),
})
export type NodeSourceState = z.infer<typeof NodeSourceState>

/** What this worker measured of its runs in one lane of a pool. */
export const LaneServiceRate = z.object({
  lane: Lane,
  runsPerS: z.number().min(0),
  /** Mean time that a run held its slot, ms. */
  serviceMs: z.number().min(0),
})

export const WorkerBeat = z.object({
  worker: WorkerId,
  /** Name that survives a restart: a new worker id under the same name means the former is gone. */
  instance: z.string().max(128),
  draining: z.boolean(),
  configVersion: z.int(),
  pools: z.array(
    z.object({
      pool: ConfigName,
      room: z.int().min(0),
      nodes: z.array(NodeState),
      rates: z.array(LaneServiceRate).optional(),
    }),
  ),
  sources: z.array(NodeSourceState).max(1000).optional(),
  /** Runs that sent no frame since the last beat and are alive all the same. */
  silentRuns: z.array(RunId),
})
export type WorkerBeat = z.infer<typeof WorkerBeat>

/** Every worker, every `beatEveryMs`. Read by ingresses (is my run alive), routers (is anyone there), workers (my share). */
export const workerBeat = defineEvent('worker.beat', 1, WorkerBeat)

export const IngressBeat = z.object({
  ingress: IngressId,
  /** What a message from the bus takes at present, ms: frames for it are gathered for longer the longer that is. */
  lagMs: z.int().min(0).optional(),
})

/** Every ingress, every `beatEveryMs`. Read by workers: runs of an ingress that is gone are stopped. */
export const ingressBeat = defineEvent('ingress.beat', 1, IngressBeat)
