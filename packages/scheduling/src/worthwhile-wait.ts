import type { LaneTarget } from './lane-target.ts'

/** Of the time to a first token, what a line may take when nearly everything has to be refused. */
const lineShare = 0.06

/**
 * How long a newcomer may have to wait for its start to be let in at all, ms. A line is there for bursts: it is worth waiting when there is
 * an end to it. Where more is asked for than can be done it never ends, and a long one makes late whatever it lets in without serving any
 * more. So it is the shorter the larger the part that had to be refused lately (`refusedShare`, 0 to 1): the next request will come.
 */
export const worthwhileWaitMs = ({ waitMs, ttftMs }: LaneTarget, refusedShare: number): number =>
  refusedShare <= 0 ? waitMs : Math.min(waitMs, (ttftMs * lineShare) / refusedShare)
