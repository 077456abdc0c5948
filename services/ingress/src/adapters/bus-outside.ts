import { BusUnavailable } from '@penstock/bus'
import type { Bus, Received } from '@penstock/bus'
import {
  allRouters,
  cancelRun,
  findUnknownJobs,
  requestReplacing,
  resendFrames,
  submitRequest,
  withdrawJob,
} from '@penstock/contracts'
import type { IngressId } from '@penstock/contracts'
import type { Outside, WaitingJob } from '../outside.ts'

/** Most jobs that one question may name. The oldest come first; the others are asked about when those are settled. */
const jobsPerQuestionMax = 5000

/** No network inside a site takes so long unless something is wrong with it. */
const slowRoundTripMs = 100

const reference = ({ request, attempt, accepted }: WaitingJob) => ({
  request,
  attempt,
  pool: accepted.pool,
  lane: accepted.lane,
})

/** The services behind the ingress, over the bus. A question nobody answers gives null, never an exception. */
export const outsideOverBus = (bus: Bus, ingress: IngressId): Outside => ({
  get connected() {
    return bus.connected
  },
  get mayAnswerLate() {
    return bus.servers > 1 || bus.roundTripMs > slowRoundTripMs
  },
  // One router answers; should that be one that stands still, all are asked: adding a job twice leaves it as it is.
  submit: async (envelope, trace) =>
    (await answerOrNull(bus.request(submitRequest, [], envelope, { trace, tries: 1, tryMs: 450 }))) ??
    answerOrNull(bus.request(submitRequest, [allRouters], envelope, { trace, tries: 2, tryMs: 250 })),
  withdraw(job) {
    void answerOrNull(bus.request(withdrawJob, [], reference(job)))
  },
  cancelRun(worker, run, reason) {
    void answerOrNull(bus.request(cancelRun, [worker], { run, reason }))
  },
  async resend(worker, run, fromSeq) {
    const answer = await answerOrNull(bus.request(resendFrames, [worker], { run, fromSeq }, { tries: 1 }))
    return answer === null ? null : answer.known
  },
  announceReplacing(request, replaceKey, askedAt) {
    if (bus.connected) bus.publish(requestReplacing, [], { ingress, request, replaceKey, askedAt })
  },
  async findUnknown(jobs) {
    const answer = await answerOrNull(
      bus.request(
        findUnknownJobs,
        [],
        { jobs: jobs.slice(0, jobsPerQuestionMax).map(reference) },
        { tries: 1, tryMs: 900 },
      ),
    )
    return answer === null ? null : new Set(answer.unknown)
  },
})

const answerOrNull = async <A>(asked: Promise<Received<A>>): Promise<A | null> => {
  try {
    return (await asked).message
  } catch (error) {
    if (error instanceof BusUnavailable) return null
    throw error
  }
}
