import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { InstantIso, Sha256Hex, WriterId } from './record.ts'
import type { SigningKey } from './signing-key.ts'

/**
 * The archive's signed word that a writer's first `treeSize` records have this Merkle root. Checkpoints of all writers are
 * one chain: `prevCheckpointHash` is the SHA-256 of the line before (64 zeros for the first). The signature is over the
 * canonical JSON without the member `signature`.
 */
export const Checkpoint = z.strictObject({
  v: z.literal(1),
  writerId: WriterId,
  treeSize: z.int().min(1),
  rootHash: Sha256Hex,
  at: InstantIso,
  prevCheckpointHash: Sha256Hex,
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.base64(),
})
export type Checkpoint = z.infer<typeof Checkpoint>

/** The file that has an archive's checkpoints, one line each. */
export const checkpointsPath = (archiveDir: string): string => join(archiveDir, 'checkpoints.jsonl')

/** The text that a checkpoint's signature covers. */
export const signedText = (checkpoint: Omit<Checkpoint, 'signature'>): string =>
  canonicalJson({ ...checkpoint, signature: undefined })

/** A checkpoint's line, without line feed. */
export const sealCheckpoint = (checkpoint: Omit<Checkpoint, 'signature' | 'keyId'>, key: SigningKey): string => {
  const unsigned = { ...checkpoint, keyId: key.keyId }
  return canonicalJson({ ...unsigned, signature: key.sign(signedText(unsigned)) })
}

/** The checkpoint of a line, or nothing when it is none in canonical form. */
export const parseCheckpoint = (bytes: Buffer): Checkpoint | undefined => {
  const line = bytes.toString('utf8')
  try {
    const parsed = Checkpoint.safeParse(JSON.parse(line))
    return parsed.success && canonicalJson(parsed.data) === line ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
