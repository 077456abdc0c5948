import type { JobJson } from 'bullmq'
import type { NewJob, QueuedJob } from './pool-queue.ts'
import type { LaneQueue } from './lane-queue.ts'

/** The row BullMQ stores for a job. */
export function toStoredJob(job: NewJob, addedAt: number): JobJson {
  return {
    id: job.jobId,
    name: 'job',
    data: JSON.stringify({ bytes: job.bytes, envelope: job.envelope }),
    opts: { priority: job.priority },
    timestamp: addedAt,
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    failedReason: '',
    returnvalue: '',
    stalledCounter: 0,
  }
}

/** Those of a row's fields that make a job, as Redis returns them: null where the row lacks one. */
export interface StoredFields {
  readonly data: string | null
  readonly timestamp: string | null
  readonly priority: string | null
}

/** A row as a job, or null when it is not one that `toStoredJob` wrote: Redis lost its hash, or someone else wrote it. */
export function fromStoredJob(lane: LaneQueue, jobId: string, fields: StoredFields): QueuedJob | null {
  const data = fields.data === null ? null : parseData(fields.data)
  const addedAt = parseInteger(fields.timestamp)
  const priority = parseInteger(fields.priority)
  if (data === null || addedAt === null || priority === null) return null
  return { jobId, pool: lane.pool, lane: lane.lane, priority, envelope: data.envelope, bytes: data.bytes, addedAt }
}

function parseInteger(text: string | null): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isSafeInteger(value) ? value : null
}

function parseData(text: string): { bytes: number; envelope: unknown } | null {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof data !== 'object' || data === null || !('envelope' in data) || !('bytes' in data)) return null
  return typeof data.bytes === 'number' ? { bytes: data.bytes, envelope: data.envelope } : null
}
