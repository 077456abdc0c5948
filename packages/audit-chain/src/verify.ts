import { createPublicKey, type KeyObject } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointsPath } from './checkpoint.ts'
import { noRequests } from './request-tally.ts'
import { archivedPublicKeys, keyIdOf } from './signing-key.ts'
import { checkCheckpoints, checkpointsOf } from './verify-checkpoints.ts'
import { ProblemList, type VerifiedWriter, type VerifyReport } from './verify-report.ts'
import { verifyWriter } from './verify-writer.ts'

export interface VerifyOptions {
  /** The archive's folder. It may be in use: what is written after the start is not looked at. */
  readonly dir: string
  /** PEM or key of the one who must have signed. Unset: the keys in the folder, which prove less. */
  readonly publicKey?: string | KeyObject
  /** Problems that the report lists. Default 100. */
  readonly problemsMax?: number
}

/**
 * Verifies an archive without changing it: chain, Merkle roots, signatures, and that each request is accepted once and ends
 * once. Reads it once, line by line; memory grows with open requests only. What this cannot see is the loss of records *and*
 * their checkpoints at the end: keep a copy of the last checkpoint elsewhere for that.
 */
export const verifyArchive = async (options: VerifyOptions): Promise<VerifyReport> => {
  const { dir, publicKey } = options
  const keys = publicKey === undefined ? await archivedPublicKeys(dir) : given(publicKey)
  const list = new ProblemList(options.problemsMax ?? 100)
  // Measured before the records are listed, so that every checkpoint within has its records there.
  const checkpointBytes = (await stat(checkpointsPath(dir))).size
  const checked = await checkCheckpoints(dir, checkpointBytes, keys, (problem) => list.add(problem))
  const requests = noRequests()
  const writers: VerifiedWriter[] = []
  const writerIds = new Set([...(await readdir(join(dir, 'writers'))), ...checked.counts.keys()])
  for (const writerId of [...writerIds].sort()) {
    const checkpoints = checkpointsOf(dir, checkpointBytes, writerId, checked)
    writers.push(await verifyWriter(dir, writerId, checkpoints, requests, (problem) => list.add(problem)))
  }
  return {
    ok: list.problems.length === 0,
    keySource: publicKey === undefined ? 'archive' : 'given',
    writers,
    requests,
    problems: list.problems,
    problemsLeftOut: list.leftOut,
  }
}

const given = (publicKey: string | KeyObject): Map<string, KeyObject> => {
  const key = typeof publicKey === 'string' ? createPublicKey(publicKey) : publicKey
  return new Map([[keyIdOf(key), key]])
}
