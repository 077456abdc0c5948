import type { Frame, IngressId } from '@penstock/contracts'
import { partChars } from './core/part-chars.ts'

/** With the longest frame (an answer's piece of 128 K characters, six bytes each when escaped) it stays below NATS' 1 MB. */
const batchCharsMax = 32 * 1024
/** What a frame takes besides its parts, characters. */
const frameChars = 128

interface Batch {
  frames: Frame[]
  chars: number
}

/**
 * Frames of all runs of a worker on their way to their ingresses. What comes after a pause leaves with the present turn of the event loop;
 * messages follow each other no faster than `everyMs`, so that at a high pace many frames share one: a message costs a system call here,
 * a copy in NATS and a wake-up at the ingress, whatever it holds.
 */
export class FrameOutbox {
  readonly #everyMs: number
  readonly #publish: (ingress: IngressId, frames: Frame[]) => void
  readonly #batches = new Map<IngressId, Batch>()
  #scheduled = false
  #lastAt = Number.NEGATIVE_INFINITY

  /** `publish` must not throw. */
  constructor(everyMs: number, publish: (ingress: IngressId, frames: Frame[]) => void) {
    this.#everyMs = everyMs
    this.#publish = publish
  }

  push(ingress: IngressId, frame: Frame): void {
    const chars = frame.parts.reduce((sum, part) => sum + partChars(part), frameChars)
    const batch = this.#batches.get(ingress)
    if (batch === undefined) {
      this.#batches.set(ingress, { frames: [frame], chars })
    } else {
      if (batch.chars + chars > batchCharsMax) this.#send(ingress, batch)
      batch.frames.push(frame)
      batch.chars += chars
    }
    this.#schedule()
  }

  /** Publishes what has gathered. */
  flush(): void {
    if (this.#batches.size === 0) return
    this.#lastAt = performance.now()
    for (const [ingress, batch] of this.#batches) this.#send(ingress, batch)
    this.#batches.clear()
  }

  #send(ingress: IngressId, batch: Batch): void {
    if (batch.frames.length > 0) this.#publish(ingress, batch.frames)
    batch.frames = []
    batch.chars = 0
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const leftMs = this.#everyMs - (performance.now() - this.#lastAt)
    const leave = (): void => {
      this.#scheduled = false
      this.flush()
    }
    if (leftMs <= 0) setImmediate(leave)
    else setTimeout(leave, leftMs)
  }
}
