import { errorFromJson, isRecord } from './node-error.ts'
import type { NodeError } from './node-error.ts'
import { readUsage } from './usage.ts'
import type { Usage } from './usage.ts'

export interface Vector {
  /** Place of its text in the request. */
  readonly index: number
  readonly values: readonly number[]
}

export type ReadVectors =
  | {
      readonly kind: 'vectors'
      /** Who made them, as the node says. */
      readonly model: string | null
      readonly vectors: readonly Vector[]
      readonly usage: Usage | null
    }
  | { readonly kind: 'error'; readonly error: NodeError }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Longest vector of any model we know is 8,192; beyond this the node is out of its mind. */
const dimensionsMax = 65_536

/** Reads a pooling node's answer. Never throws. */
export function readVectors(json: unknown): ReadVectors {
  if (!isRecord(json)) return invalid('not an object')
  if ((json.error ?? null) !== null || json.object === 'error')
    return { kind: 'error', error: errorFromJson(500, json) }
  if (!Array.isArray(json.data)) return invalid('data is not a list')
  const vectors: Vector[] = []
  for (const [position, item] of json.data.entries()) {
    if (!isRecord(item)) return invalid('a vector is not an object')
    const index = item.index ?? position
    const values = item.embedding
    if (!Number.isInteger(index) || (index as number) < 0) return invalid('an index is no whole number')
    if (
      !Array.isArray(values) ||
      values.length === 0 ||
      values.length > dimensionsMax ||
      !values.every(Number.isFinite)
    )
      return invalid('an embedding is no list of numbers')
    vectors.push({ index: index as number, values: values as number[] })
  }
  const model = typeof json.model === 'string' ? json.model : null
  return { kind: 'vectors', model, vectors, usage: readUsage(json.usage)?.usage ?? null }
}

function invalid(reason: string): ReadVectors {
  return { kind: 'invalid', reason }
}
