import { z } from 'zod'
import { errorCodeNames } from './errors.ts'
import { Attempt, NodeName, RequestId, RunId } from './ids.ts'
import { defineEvent } from './message.ts'

export const Usage = z.object({ promptTokens: z.int().min(0), completionTokens: z.int().min(0) })
export type Usage = z.infer<typeof Usage>

export const ToolCallDelta = z.object({
  index: z.int().min(0),
  id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
})
export type ToolCallDelta = z.infer<typeof ToolCallDelta>

/** Answer text, with the output tokens it took (a guess of 1 per chunk where the node does not tell). */
const TextDelta = z.object({ kind: z.literal('text'), text: z.string(), tokens: z.int().min(0) })
const ReasoningDelta = z.object({ kind: z.literal('reasoning'), text: z.string(), tokens: z.int().min(0) })
const ToolCallsDelta = z.object({ kind: z.literal('tool-calls'), calls: z.array(ToolCallDelta) })
/** The vector of one text of an embedding request; told apart by its index, so that twice the same does no harm. */
const Embedding = z.object({ kind: z.literal('embedding'), index: z.int().min(0), values: z.array(z.number()) })
/** Ends of a run, exactly one, always last. */
const End = z.object({
  kind: z.literal('end'),
  finishReason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
  usage: Usage.nullable(),
  /** The stop string that ended the answer, where the node tells. */
  stopString: z.string().max(1024).optional(),
  /** The node that answered; null when no node was needed. */
  node: NodeName.nullable(),
})
/** The run failed. `retry`: another attempt may succeed. `fault`: what the node did: nothing wrong, never took the
 *  call, or broke while it had it. */
const Failed = z.object({
  kind: z.literal('failed'),
  code: z.enum(errorCodeNames),
  retry: z.boolean(),
  fault: z.enum(['none', 'unreached', 'broke']),
  node: NodeName.nullable(),
  message: z.string().max(500).optional(),
  upstreamStatus: z.int().optional(),
  retryAfterMs: z.int().min(0).optional(),
})
/** The worker drains and gives the run back. */
const Handover = z.object({ kind: z.literal('handover') })

export const Part = z.discriminatedUnion('kind', [
  TextDelta,
  ReasoningDelta,
  ToolCallsDelta,
  Embedding,
  End,
  Failed,
  Handover,
])
export type Part = z.infer<typeof Part>
export type FailedPart = z.infer<typeof Failed>
export type EndPart = z.infer<typeof End>

/** A piece of a run's answer. `seq` counts from 0 without gaps; the ingress takes only the next one of the granted run. */
export const Frame = z.object({
  request: RequestId,
  attempt: Attempt,
  run: RunId,
  seq: z.int().min(0),
  parts: z.array(Part).min(1),
})
export type Frame = z.infer<typeof Frame>

/** Each element is a `Frame`, to be checked by itself: one that breaks its schema costs its own run, not the others. */
export const FrameBatch = z.object({ frames: z.array(z.unknown()).min(1) })

/** Frames of a worker's runs for one ingress, a run's in their order. Published by the worker that holds the runs. Key: ingress. */
export const runFrames = defineEvent('run.frame', 2, FrameBatch)
