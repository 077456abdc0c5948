import type { Entry } from './entry.ts'
import { MinHeap } from './min-heap.ts'

export type SchedulingPolicy = 'fcfs' | 'priority'

/** The line in front of the running batch. */
export interface WaitingQueue {
  readonly size: number
  push(entry: Entry): void
  /** Back where it was: evicted from the batch, or set aside for a moment. */
  pushFront(entry: Entry): void
  peek(): Entry | undefined
  pop(): Entry | undefined
  /** Takes an entry out. Its state must no longer be `waiting`. */
  forget(): void
  /** All entries, in no particular order. */
  values(): Iterable<Entry>
}

export const waitingQueue = (policy: SchedulingPolicy): WaitingQueue =>
  policy === 'fcfs' ? new ArrivalQueue() : new PriorityQueue()

/** Order of arrival. Entries that went away are passed over when their turn comes. */
class ArrivalQueue implements WaitingQueue {
  /** Entries pushed to the front, the first of them last. */
  readonly #front: Entry[] = []
  #line: Entry[] = []
  #head = 0
  size = 0

  push(entry: Entry): void {
    this.size++
    this.#line.push(entry)
  }

  pushFront(entry: Entry): void {
    this.size++
    this.#front.push(entry)
  }

  peek(): Entry | undefined {
    while (this.#front.length > 0) {
      const first = this.#front.at(-1) as Entry
      if (first.state === 'waiting') return first
      this.#front.pop()
    }
    for (; this.#head < this.#line.length; this.#head++) {
      const first = this.#line[this.#head] as Entry
      if (first.state === 'waiting') return first
    }
    this.#line.length = this.#head = 0
    return undefined
  }

  pop(): Entry | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.size--
    if (this.#front.length > 0) this.#front.pop()
    else if (++this.#head > 1024 && this.#head * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  forget(): void {
    this.size--
  }

  *values(): Iterable<Entry> {
    for (const entry of this.#front) if (entry.state === 'waiting') yield entry
    for (let at = this.#head; at < this.#line.length; at++) {
      const entry = this.#line[at] as Entry
      if (entry.state === 'waiting') yield entry
    }
  }
}

/** The smallest (priority, arrival) first. */
class PriorityQueue implements WaitingQueue {
  readonly #heap = new MinHeap<Entry>((one, other) => one.priority - other.priority || one.order - other.order)
  size = 0

  push(entry: Entry): void {
    this.size++
    this.#heap.push(entry)
  }

  pushFront(entry: Entry): void {
    this.push(entry)
  }

  peek(): Entry | undefined {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (first.state === 'waiting') return first
      this.#heap.pop()
    }
    return undefined
  }

  pop(): Entry | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.size--
    return this.#heap.pop()
  }

  forget(): void {
    this.size--
  }

  *values(): Iterable<Entry> {
    for (const entry of this.#heap.values()) if (entry.state === 'waiting') yield entry
  }
}
