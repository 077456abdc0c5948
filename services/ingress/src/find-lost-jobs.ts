import { jobIdOf } from '@penstock/contracts'
import type { Outside, WaitingJob } from './outside.ts'
import { waitingJob } from './owned-request.ts'
import type { Owned } from './owned-request.ts'

/** Jobs younger than this are not asked about: their claim is on its way. */
const askAfterMs = 1000

/** Asks in bulk for the jobs that should be waiting: one whose worker died between taking and claiming it is lost. */
export const findLostJobs = async (
  requests: Iterable<Owned>,
  dependencies: { outside: Outside; now(): number },
): Promise<void> => {
  const asked = new Map<string, { owned: Owned; job: WaitingJob }>()
  for (const owned of requests) {
    const { waitingSince } = owned.life
    if (waitingSince === null || dependencies.now() - waitingSince < askAfterMs || owned.accepted === null) continue
    const job = waitingJob(owned, owned.accepted, owned.life.attempt)
    asked.set(jobIdOf(job.request, job.attempt), { owned, job })
  }
  if (asked.size === 0 || !dependencies.outside.connected) return
  const unknown = await dependencies.outside.findUnknown([...asked.values()].map(({ job }) => job))
  for (const id of unknown ?? []) {
    const found = asked.get(id)
    found?.owned.life.jobUnknown(found.job.attempt, dependencies.now())
  }
}
