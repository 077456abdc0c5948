import type { RunId, WorkerId } from '@penstock/contracts'

interface Former {
  worker: WorkerId
  endedAt: number
  toldAt: number
}

/**
 * Runs that lost their grant. A frame from one means that its worker was frozen or missed the cancel: it is told again, at most
 * every `tellEveryMs`, so that no node keeps generating for nobody.
 */
export class FormerRuns {
  readonly #runs = new Map<RunId, Former>()
  readonly #keepMs: number
  readonly #tellEveryMs: number

  constructor(options: { keepMs: number; tellEveryMs: number }) {
    this.#keepMs = options.keepMs
    this.#tellEveryMs = options.tellEveryMs
  }

  add(run: RunId, worker: WorkerId, now: number): void {
    this.#runs.set(run, { worker, endedAt: now, toldAt: now })
  }

  /** A frame of a run without grant came in: the worker to tell, or null. */
  heard(run: RunId, now: number): WorkerId | null {
    const former = this.#runs.get(run)
    if (former === undefined || now - former.toldAt < this.#tellEveryMs) return null
    former.toldAt = now
    return former.worker
  }

  /** Forgets runs that ended long ago. Insertion order is order of ending. */
  prune(now: number): void {
    for (const [run, former] of this.#runs) {
      if (now - former.endedAt < this.#keepMs) return
      this.#runs.delete(run)
    }
  }
}
