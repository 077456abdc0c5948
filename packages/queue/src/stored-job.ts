import type { JobJson } from 'bullmq'
import type { NewJob, QueuedJob } from './pool-queue.ts'
import type { LaneQueue } from './lane-queue.ts'

/** BullMQ's last priority: what a job has between BullMQ's script and ours, which places it. */
const unplaced = 2_097_151

/** The row BullMQ stores for a job. */
export function toStoredJob(job: NewJob, addedAt: number): JobJson {
  return {
    id: job.jobId,
    name: 'job',
    data: JSON.stringify(job.envelope),
    opts: { priority: unplaced },
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
}

/** A row as a job, or null when it is not one that `toStoredJob` wrote: Redis lost its hash, or someone else wrote it. */
export function fromStoredJob(lane: LaneQueue, jobId: string, fields: StoredFields): QueuedJob | null {
  const envelope = fields.data === null ? null : parseObject(fields.data)
  const addedAt = fields.timestamp === null || fields.timestamp === '' ? Number.NaN : Number(fields.timestamp)
  if (envelope === null || !Number.isSafeInteger(addedAt)) return null
  return { jobId, pool: lane.pool, lane: lane.lane, envelope, addedAt }
}

function parseObject(text: string): object | null {
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : null
  } catch {
    return null
  }
}
