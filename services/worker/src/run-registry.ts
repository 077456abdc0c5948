import type { RunId } from '@penstock/contracts'
import type { Run } from './run.ts'

/** Ended runs can be asked to resend their frames for this long: longer than any bus recovery. */
const keepEndedMs = 5000

/** The runs of this worker: under way, and lately ended. */
export class RunRegistry {
  readonly #active = new Map<RunId, Run>()
  readonly #ended = new Map<RunId, { run: Run; at: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get active(): Iterable<Run> {
    return this.#active.values()
  }

  get size(): number {
    return this.#active.size
  }

  start(run: Run): void {
    this.#active.set(run.run, run)
  }

  end(run: Run, keep: boolean): void {
    this.#active.delete(run.run)
    if (keep) this.#ended.set(run.run, { run, at: this.#now() })
    for (const [id, ended] of this.#ended) {
      if (this.#now() - ended.at < keepEndedMs) break
      this.#ended.delete(id)
    }
  }

  find(id: RunId): Run | null {
    return this.#active.get(id) ?? this.#ended.get(id)?.run ?? null
  }

  findActive(id: RunId): Run | null {
    return this.#active.get(id) ?? null
  }

  /** Runs under way that have sent no frame for this long, ms. */
  silentFor(ms: number): RunId[] {
    const now = this.#now()
    return [...this.#active.values()].filter((run) => now - run.frames.lastAt >= ms).map((run) => run.run)
  }
}
