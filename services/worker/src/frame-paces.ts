import type { IngressId } from '@penstock/contracts'
import { FrameClock } from './frame-clock.ts'

/** No reader waits longer for what is there, ms. */
const everyMsMax = 250

export interface FramePacesOptions {
  /** Between the frames of a run while the way is clear, ms. */
  everyMs: number
  /** What a message to the bus takes now, ms. */
  ownLagMs: () => number
  afterBeat: () => void
}

/**
 * The beat of the frames for each ingress: slower the longer the way to it takes. A frame is about 150 bytes around a token; over a way that is
 * too narrow for that, frames pile up in front of beats and answers until the living are taken for dead. Gathered over a quarter of a second,
 * the same text takes an eighth.
 */
export class FramePaces {
  readonly #options: FramePacesOptions
  readonly #clocks = new Map<IngressId, FrameClock>()

  constructor(options: FramePacesOptions) {
    this.#options = options
  }

  of(ingress: IngressId): FrameClock {
    let clock = this.#clocks.get(ingress)
    if (clock === undefined)
      this.#clocks.set(ingress, (clock = new FrameClock(this.#options.everyMs, this.#options.afterBeat)))
    return clock
  }

  /** An ingress says what a message from the bus takes, ms. */
  heard(ingress: IngressId, lagMs: number): void {
    const worseMs = Math.max(lagMs, this.#options.ownLagMs())
    this.of(ingress).everyMs = Math.min(everyMsMax, Math.max(this.#options.everyMs, worseMs / 2))
  }

  forget(ingress: IngressId): void {
    this.#clocks.delete(ingress)
  }
}
