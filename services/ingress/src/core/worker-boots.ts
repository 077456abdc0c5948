import type { WorkerBeat, WorkerId } from '@penstock/contracts'

/** Knows which boot of each worker beat last, so that runs of a former boot can be given up early. */
export class WorkerBoots {
  readonly #current = new Map<string, WorkerId>()
  readonly #instances = new Map<WorkerId, string>()

  heard(beat: WorkerBeat): void {
    const former = this.#current.get(beat.instance)
    if (former === beat.worker) return
    this.#current.set(beat.instance, beat.worker)
    this.#instances.set(beat.worker, beat.instance)
    if (this.#instances.size > 10_000) this.#instances.clear()
  }

  /** Whether another process beats under the name of this worker. */
  isReplaced(worker: WorkerId): boolean {
    const instance = this.#instances.get(worker)
    return instance !== undefined && this.#current.get(instance) !== worker
  }
}
