import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { verifyArchive } from '@penstock/audit-chain'
import type { VerifyReport } from '@penstock/audit-chain'

/** What the clients saw, for the archive to confirm. */
export interface SeenRequests {
  readonly requests: number
  readonly completed: number
  readonly refused: number
}

export interface AuditProof {
  readonly complete: boolean
  /** Tries at all requests together. */
  readonly attempts: number
  readonly problems: string[]
}

const everyMs = 250

/**
 * Waits until the archive holds every record, then proves it: chain and signatures hold, each accepted request ended exactly once, and
 * there are as many as the clients saw. Gives what is missing when that does not come about within `withinMs`.
 */
export const proveAudit = async (archiveDir: string, seen: SeenRequests, withinMs: number): Promise<AuditProof> => {
  const mustBeAt = performance.now() + withinMs
  for (;;) {
    const problems = await verifyArchive({ dir: archiveDir }).then(
      (report) => missing(report, seen),
      // The first segment or checkpoint may not be there yet.
      (error: unknown) => [`the archive cannot be read: ${String(error)}`],
    )
    if (problems.length === 0 || performance.now() > mustBeAt) {
      return { complete: problems.length === 0, attempts: await countAttempts(archiveDir), problems }
    }
    await delay(everyMs)
  }
}

/** What keeps a report from confirming what the clients saw. */
export const missing = (
  { requests, problems }: Pick<VerifyReport, 'requests' | 'problems'>,
  seen: SeenRequests,
): string[] => {
  const answered = seen.requests - seen.refused
  const checks: [boolean, string][] = [
    [requests.open === 0, `${requests.open} requests have no end record`],
    [requests.missingTerminal === 0, `${requests.missingTerminal} requests never ended`],
    [requests.duplicateTerminal === 0, `${requests.duplicateTerminal} requests ended twice`],
    [
      requests.completed === seen.completed,
      `${requests.completed} completed in the archive, ${seen.completed} at the clients`,
    ],
    // A request that waited in vain was accepted first: the clients saw it refused all the same.
    [
      requests.accepted >= answered && requests.accepted <= seen.requests,
      `${requests.accepted} accepted in the archive, ${answered} answered at the clients`,
    ],
  ]
  return [
    ...checks.flatMap(([holds, sentence]) => (holds ? [] : [sentence])),
    ...problems.map(({ kind, message }) => `${kind}: ${message}`),
  ]
}

const countAttempts = async (archiveDir: string): Promise<number> => {
  let attempts = 0
  const writersDir = join(archiveDir, 'writers')
  for (const writer of await readdir(writersDir).catch(() => [])) {
    for (const segment of await readdir(join(writersDir, writer))) {
      if (!segment.endsWith('.jsonl')) continue
      for await (const line of createInterface(createReadStream(join(writersDir, writer, segment))))
        attempts += attemptsOf(line)
    }
  }
  return attempts
}

const attemptsOf = (line: string): number => {
  const { type, data } = JSON.parse(line) as { type: string; data: { attempts?: unknown } }
  return type.startsWith('response.') && typeof data.attempts === 'number' ? data.attempts : 0
}
