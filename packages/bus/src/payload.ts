import type { z } from 'zod'

const lineFeed = 0x0a
const noBytes = new Uint8Array(0)

/** A message as it travels: its JSON, then, when bytes are attached, a line feed and the bytes. */
export const encodePayload = (message: unknown, bytes?: Uint8Array): Uint8Array => {
  const head = JSON.stringify(message)
  return bytes === undefined ? Buffer.from(head) : Buffer.concat([Buffer.from(`${head}\n`), bytes])
}

export type Decoded<T> = { ok: true; message: T; bytes: Uint8Array } | { ok: false; reason: string }

/** Reads a payload and checks it against its schema. JSON never holds a raw line feed, so the first one ends it. */
export const decodePayload = <T>(schema: z.ZodType<T>, payload: Uint8Array): Decoded<T> => {
  const end = payload.indexOf(lineFeed)
  const head = Buffer.from(payload.buffer, payload.byteOffset, end === -1 ? payload.byteLength : end)
  let json: unknown
  try {
    json = JSON.parse(head.toString('utf8'))
  } catch {
    return { ok: false, reason: 'not JSON' }
  }
  const checked = checkMessage(schema, json)
  return checked.ok ? { ...checked, bytes: end === -1 ? noBytes : payload.subarray(end + 1) } : checked
}

export type Checked<T> = { ok: true; message: T } | { ok: false; reason: string }

/** Checks a message, or one that travels inside another. The reason names the field and never quotes its value. */
export const checkMessage = <T>(schema: z.ZodType<T>, json: unknown): Checked<T> => {
  const parsed = schema.safeParse(json)
  if (parsed.success) return { ok: true, message: parsed.data }
  const issue = parsed.error.issues[0]
  return { ok: false, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` }
}
