import { isRecord } from './node-error.ts'
import type { ToolCall } from './message.ts'

/** A piece of a tool call. The first piece of an index carries id and name, the following ones more of the arguments. */
export interface ToolCallDelta {
  readonly index: number
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly arguments?: string | undefined
}

/** No answer opens more calls at once; a higher index is a fault of the node. */
const indexMax = 1023

/** The `tool_calls` of a chunk. Absent, null and empty are the same; null is returned for wrong types. */
export function readToolCallDeltas(json: unknown): readonly ToolCallDelta[] | null {
  if (json === undefined || json === null) return []
  if (!Array.isArray(json)) return null
  const deltas: ToolCallDelta[] = []
  for (const [position, call] of json.entries()) {
    if (!isRecord(call)) return null
    const called = call.function ?? {}
    const index = call.index ?? position
    if (!isRecord(called) || !Number.isInteger(index) || (index as number) < 0 || (index as number) > indexMax)
      return null
    const pieces = {
      id: call.id ?? undefined,
      name: called.name ?? undefined,
      arguments: called.arguments ?? undefined,
    }
    if (Object.values(pieces).some((piece) => piece !== undefined && typeof piece !== 'string')) return null
    const given = Object.entries(pieces).filter(([, piece]) => piece !== undefined)
    deltas.push({ index: index as number, ...Object.fromEntries(given) })
  }
  return deltas
}

/** Whole calls from their pieces, in order of index. */
export function assembleToolCalls(deltas: Iterable<ToolCallDelta>): ToolCall[] {
  const calls = new Map<number, { id: string; name: string; pieces: string[] }>()
  for (const delta of deltas) {
    const call = calls.get(delta.index) ?? { id: '', name: '', pieces: [] }
    calls.set(delta.index, call)
    call.id ||= delta.id ?? ''
    call.name ||= delta.name ?? ''
    if (delta.arguments !== undefined) call.pieces.push(delta.arguments)
  }
  return [...calls]
    .sort(([left], [right]) => left - right)
    .map(([, { id, name, pieces }]) => ({ id, name, arguments: pieces.join('') }))
}
