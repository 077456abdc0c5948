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

/** A row as a job, or null when it is not one that `toStoredJob` wrote: Redis lost its hash, or someone else wrote it. */
export function fromStoredJob(lane: LaneQueue, jobId: string, row: Partial<JobJson>): QueuedJob | null {
  if (typeof row.data !== 'string' || !Number.isSafeInteger(row.timestamp) || !Number.isSafeInteger(row.priority))
    return null
  const data = parseData(row.data)
  if (data === null) return null
  return {
    jobId,
    pool: lane.pool,
    lane: lane.lane,
    priority: row.priority!,
    envelope: data.envelope,
    bytes: data.bytes,
    addedAt: row.timestamp!,
  }
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
