import type { Frame, Part, RequestId, RunId } from '@penstock/contracts'
import { partChars } from './core/part-chars.ts'
import type { FrameClock } from './frame-clock.ts'

/** A frame leaves at once when the last one left a beat ago or it is this large; else with the clock's next beat. */
const frameCharsMax = 4096

export interface FrameLogOptions {
  request: RequestId
  attempt: number
  run: RunId
}

/**
 * Frames of one run: gathers parts, numbers the frames, publishes them and keeps them for a resend. Core NATS may lose what is
 * in flight; the ingress notices a gap and asks again.
 */
export class FrameLog {
  readonly #options: FrameLogOptions
  readonly #clock: FrameClock
  readonly #publish: (frame: Frame) => void
  readonly #frames: Frame[] = []
  #pending: Part[] = []
  #pendingChars = 0
  #lastAt = Number.NEGATIVE_INFINITY
  #enlisted = false
  #closed = false

  constructor(options: FrameLogOptions, clock: FrameClock, publish: (frame: Frame) => void) {
    this.#options = options
    this.#clock = clock
    this.#publish = publish
  }

  /** When the last frame left, by `performance.now`. */
  get lastAt(): number {
    return this.#lastAt
  }

  add(part: Part): void {
    if (this.#closed) return
    this.#gather(part)
    if (this.#pendingChars >= frameCharsMax) {
      this.#send()
    } else if (!this.#enlisted) {
      // What already waits for the beat leaves with it: fast streams then share their writes to the bus.
      if (performance.now() - this.#lastAt >= this.#clock.everyMs) this.#send()
      else this.#enlisted = this.#clock.enlist(this)
    }
  }

  /** The run's last part leaves at once; whatever comes later is dropped. */
  close(part: Part): void {
    if (this.#closed) return
    this.#gather(part)
    this.#send()
    this.#closed = true
  }

  /** Ends the log without a word: the owner has taken the run away. */
  abandon(): void {
    this.#closed = true
    this.#pending = []
  }

  /** The clock's beat. */
  flush(): void {
    this.#enlisted = false
    this.#send()
  }

  resend(fromSeq: number): void {
    for (const frame of this.#frames.slice(fromSeq)) this.#publish(frame)
  }

  #send(): void {
    if (this.#pending.length === 0) return
    const frame: Frame = { ...this.#options, seq: this.#frames.length, parts: this.#pending }
    this.#pending = []
    this.#pendingChars = 0
    this.#lastAt = performance.now()
    this.#frames.push(frame)
    this.#publish(frame)
  }

  /** Adjacent text becomes one part: the ingress writes it in one go. */
  #gather(part: Part): void {
    const last = this.#pending.at(-1)
    if (last !== undefined && last.kind === 'text' && part.kind === 'text') {
      this.#pending[this.#pending.length - 1] = {
        kind: 'text',
        text: last.text + part.text,
        tokens: last.tokens + part.tokens,
      }
    } else {
      this.#pending.push(part)
    }
    this.#pendingChars += partChars(part)
  }
}
