import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { checkLine, isTerminal, verifyArchive } from '@penstock/audit-chain'
import type { VerifyReport } from '@penstock/audit-chain'

/** What the clients saw, for the archive to confirm. */
export interface SeenRequests {
  readonly requests: number
  readonly completed: number
  readonly refused: number
  /** Lost with a killed ingress, whose end records may say either. */
  readonly cut: number
  /** The clients' own ids of the requests that were completed; records carry them as correlation ids. */
  readonly completedIds: ReadonlySet<string>
}

export interface AuditProof {
  readonly complete: boolean
  /** Tries at all requests together. */
  readonly attempts: number
  readonly problems: string[]
}

const everyMs = 250

/**
 * Waits until the archive holds every record, then proves it: chain and signatures hold, each accepted request ended exactly once, there
 * are as many as the clients saw, and each of theirs is among them. Gives what is missing when that does not come about within `withinMs`.
 */
export const proveAudit = async (archiveDir: string, seen: SeenRequests, withinMs: number): Promise<AuditProof> => {
  const mustBeAt = performance.now() + withinMs
  for (;;) {
    const archived = await readRequests(archiveDir)
    const problems = await verifyArchive({ dir: archiveDir }).then(
      (report) => [...missing(report, seen), ...unrecorded(seen.completedIds, archived)],
      // The first segment or checkpoint may not be there yet.
      (error: unknown) => [`the archive cannot be read: ${String(error)}`],
    )
    if (problems.length === 0 || performance.now() > mustBeAt) {
      const attempts = [...archived.values()].reduce((sum, request) => sum + request.attempts, 0)
      return { complete: problems.length === 0, attempts, problems }
    }
    await delay(everyMs)
  }
}

/** What keeps a report from confirming what the clients saw. */
export const missing = (
  { requests, problems }: Pick<VerifyReport, 'requests' | 'problems'>,
  seen: Omit<SeenRequests, 'completedIds'>,
): string[] => {
  const answered = seen.requests - seen.refused
  const checks: [boolean, string][] = [
    [requests.open === 0, `${requests.open} requests have no end record`],
    [requests.missingTerminal === 0, `${requests.missingTerminal} requests never ended`],
    [requests.duplicateTerminal === 0, `${requests.duplicateTerminal} requests ended twice`],
    [
      requests.completed >= seen.completed && requests.completed <= seen.completed + seen.cut,
      `${requests.completed} completed in the archive, ${seen.completed} at the clients`,
    ],
    // A request that waited in vain was accepted first: the clients saw it refused all the same.
    [
      requests.accepted >= answered - seen.cut && requests.accepted <= seen.requests,
      `${requests.accepted} accepted in the archive, ${answered} answered at the clients`,
    ],
  ]
  return [
    ...checks.flatMap(([holds, sentence]) => (holds ? [] : [sentence])),
    ...problems.map(({ kind, message }) => `${kind}: ${message}`),
  ]
}

/** What the archive says of one client's request. */
export interface ArchivedRequest {
  accepted: number
  completed: number
  attempts: number
}

/** Completed requests of the clients that have not exactly one start and one clean end on record. */
export const unrecorded = (ids: ReadonlySet<string>, archived: ReadonlyMap<string, ArchivedRequest>): string[] =>
  [...ids].flatMap((id) => {
    const { accepted = 0, completed = 0 } = archived.get(id) ?? {}
    return accepted === 1 && completed === 1
      ? []
      : [`request ${id} has ${accepted} starts and ${completed} clean ends on record`]
  })

const readRequests = async (archiveDir: string): Promise<Map<string, ArchivedRequest>> => {
  const requests = new Map<string, ArchivedRequest>()
  const writersDir = join(archiveDir, 'writers')
  for (const writer of await readdir(writersDir).catch(() => [])) {
    for (const segment of await readdir(join(writersDir, writer))) {
      if (!segment.endsWith('.jsonl')) continue
      for await (const line of createInterface(createReadStream(join(writersDir, writer, segment))))
        take(line, requests)
    }
  }
  return requests
}

const take = (line: string, requests: Map<string, ArchivedRequest>): void => {
  const checked = checkLine(Buffer.from(line))
  if (checked.kind === 'malformed' || checked.record.correlationId === undefined) return
  const { type, data, correlationId } = checked.record
  const request = requests.get(correlationId) ?? { accepted: 0, completed: 0, attempts: 0 }
  requests.set(correlationId, request)
  if (type === 'request.accepted') request.accepted += 1
  if (type === 'response.completed') request.completed += 1
  if (isTerminal(type) && typeof data['attempts'] === 'number') request.attempts += data['attempts']
}
