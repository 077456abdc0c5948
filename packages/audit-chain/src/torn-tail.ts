import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AuditDirDamaged } from './audit-errors.ts'
import { replaceFile } from './durable-file.ts'

/**
 * Copies what stands in a file from byte `from` on to `torn-tail.bin`, before it is cut: a crash leaves at most one batch
 * there, and if it was something else, a person can still look at it. Returns its bytes. Throws AuditDirDamaged beyond
 * `bytesMax`: no single batch leaves that much.
 */
export const setTailAside = async (dir: string, path: string, from: number, bytesMax: number): Promise<number> => {
  await using handle = await open(path, 'r')
  const bytes = (await handle.stat()).size - from
  if (bytes > bytesMax)
    throw new AuditDirDamaged(`${path}: the last ${bytes} bytes are no records, too many for a torn batch`)
  const tail = Buffer.alloc(bytes)
  await handle.read(tail, 0, bytes, from)
  await replaceFile(join(dir, 'torn-tail.bin'), tail)
  return bytes
}
