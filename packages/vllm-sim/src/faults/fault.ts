import { z } from 'zod'

const afterTokens = z.int().min(0).default(0)

/** What can go wrong with one request. `afterTokens`: how many tokens the client gets before. */
export const Fault = z.discriminatedUnion('kind', [
  /** The socket stays open and brings nothing more; with 0 tokens not even headers. */
  z.strictObject({ kind: z.literal('hang'), afterTokens }),
  /** The socket is reset. */
  z.strictObject({ kind: z.literal('reset_mid_stream'), afterTokens }),
  /** The stream pauses, then goes on. */
  z.strictObject({ kind: z.literal('stall'), afterTokens, stallMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal('http_500') }),
  z.strictObject({ kind: z.literal('http_503') }),
])
export type Fault = z.infer<typeof Fault>
export type FaultInput = z.input<typeof Fault>

/** A fault that strikes while an answer is under way. */
export type StreamFault = Extract<Fault, { afterTokens: number }>
