import { blockTokens } from '../engine.ts'
import type { BlockPool } from './block-pool.ts'
import { blocksFor } from './entry.ts'
import type { Entry } from './entry.ts'
import { waitingQueue } from './waiting-queue.ts'
import type { SchedulingPolicy, WaitingQueue } from './waiting-queue.ts'

export interface SchedulerOptions {
  /** Tokens computed in one step (`--max-num-batched-tokens`). */
  readonly tokensPerStepMax: number
  /** Sequences in the batch (`--max-num-seqs`). */
  readonly sequencesMax: number
  readonly policy: SchedulingPolicy
  /** Different adapters in one step (`--max-loras`). */
  readonly lorasMax: number
  readonly prefixCaching: boolean
  /** Tokens of one prompt computed in one step at most (`--long-prefill-token-threshold`). */
  readonly prefillChunkMax: number
  /** Admits only what has room for its whole prompt (`scheduler_reserve_full_isl`). */
  readonly reserveWholePrompt: boolean
}

/**
 * vLLM's V1 scheduler: decides who computes how much in the next step, and moves sequences between the waiting line, the batch and the
 * block pool. Knows nothing of time, except that stalled sequences sit out.
 */
export class Scheduler {
  readonly waiting: WaitingQueue
  /** Sequences admitted, in order of admission. */
  running: Entry[] = []
  /** Those that take part in the step last decided, each with its `scheduled` tokens. */
  readonly batch: Entry[] = []
  /** Waiting sequences the last decision set aside for something other than room. */
  deferred = 0
  preemptions = 0
  prefixQueryTokens = 0
  prefixHitTokens = 0
  readonly #options: SchedulerOptions
  readonly #pool: BlockPool
  readonly #loras = new Set<string>()
  #aside: Entry[] = []

  constructor(options: SchedulerOptions, pool: BlockPool) {
    this.#options = options
    this.#pool = pool
    this.waiting = waitingQueue(options.policy)
  }

  /** Decides the next step into `batch`. Without `admitting`, waiting sequences join only if they had to leave before. */
  schedule(now: number, admitting: boolean): void {
    this.batch.length = 0
    const preemptionsBefore = this.preemptions
    const budget = this.#scheduleRunning(now)
    if (this.preemptions === preemptionsBefore) this.#admitWaiting(now, budget, admitting)
  }

  enqueue(entry: Entry): void {
    entry.state = 'waiting'
    this.waiting.push(entry)
  }

  /** Takes a waiting sequence out of the line, or gives the blocks of a running one back. The caller mends `running`. */
  dismiss(entry: Entry): void {
    const wasWaiting = entry.state === 'waiting'
    entry.state = 'gone'
    if (wasWaiting) this.waiting.forget()
    else this.#releaseBlocks(entry)
  }

  /** Drops those that are gone from the running list. */
  sweep(): void {
    this.running = this.running.filter((entry) => entry.state === 'running')
  }

  /** Sends every running sequence back to the waiting line, to start over. */
  preemptAll(): void {
    for (let last = this.running.at(-1); last !== undefined; last = this.running.at(-1)) this.#preempt(last)
  }

  #scheduleRunning(now: number): number {
    let budget = this.#options.tokensPerStepMax
    for (let at = 0; at < this.running.length && budget > 0; at++) {
      const entry = this.running[at] as Entry
      if (entry.stalledUntil > now) continue
      const wanted = Math.min(entry.known - entry.computed, this.#options.prefillChunkMax, budget)
      while (!this.#grow(entry, wanted)) {
        const victim = this.#victim()
        const place = this.#options.policy === 'fcfs' ? this.running.length - 1 : this.running.indexOf(victim)
        budget += victim.scheduled
        this.#preempt(victim)
        if (victim === entry) return budget
        if (place < at) at--
      }
      entry.scheduled = wanted
      budget -= wanted
      this.batch.push(entry)
    }
    return budget
  }

  #admitWaiting(now: number, tokens: number, admitting: boolean): void {
    let budget = tokens
    this.#noteLoras()
    while (budget > 0 && this.running.length < this.#options.sequencesMax && this.#pool.free > 0) {
      const entry = this.waiting.peek()
      if (entry === undefined) break
      const held = !admitting && entry.trace.admittedAt === null
      if (held || entry.stalledUntil > now || !this.#hasLoraSlot(entry)) {
        this.#aside.push(this.waiting.pop() as Entry)
        continue
      }
      const chunk = this.#admit(entry, budget)
      if (chunk === 0) break
      budget -= chunk
    }
    this.deferred = this.#aside.length
    for (let entry = this.#aside.pop(); entry !== undefined; entry = this.#aside.pop()) this.waiting.pushFront(entry)
  }

  /** Moves the first of the line into the batch and returns its tokens of this step, or 0 when it has no room. */
  #admit(entry: Entry, budget: number): number {
    const pool = this.#pool
    const hits = this.#cachedBlocks(entry)
    const chunk = Math.min(entry.known - hits * blockTokens, this.#options.prefillChunkMax, budget)
    const upTo = this.#options.reserveWholePrompt ? entry.known : hits * blockTokens + chunk
    let needed = blocksFor(upTo) - hits
    for (let at = 0; at < hits && needed <= pool.free; at++) {
      if (pool.isFree(pool.find(entry.hashOf(at)))) needed++
    }
    if (needed > pool.free) return 0

    this.waiting.pop()
    for (let at = 0; at < hits; at++) {
      const block = pool.find(entry.hashOf(at))
      pool.hold(block)
      entry.blocks.push(block)
    }
    entry.registered = hits
    entry.computed = hits * blockTokens
    if (entry.trace.admittedAt === null && !entry.sequence.ignoresPrefixCache) {
      this.prefixQueryTokens += entry.known
      this.prefixHitTokens += entry.computed
      entry.trace.cachedTokens = entry.computed
    }
    this.#grow(entry, chunk)
    entry.state = 'running'
    entry.scheduled = chunk
    this.running.push(entry)
    this.batch.push(entry)
    if (entry.sequence.lora !== undefined) this.#loras.add(entry.sequence.lora)
    return chunk
  }

  /** Whole blocks from the start on that are in the cache; at least one token is left to compute. */
  #cachedBlocks(entry: Entry): number {
    if (!this.#options.prefixCaching || entry.sequence.ignoresPrefixCache === true) return 0
    const most = Math.floor((entry.known - 1) / blockTokens)
    let hits = 0
    while (hits < most && this.#pool.find(entry.hashOf(hits)) !== 0) hits++
    return hits
  }

  /** Gets the blocks for so many more tokens and registers those that become full. False, and nothing taken, when too few are free. */
  #grow(entry: Entry, tokens: number): boolean {
    const pool = this.#pool
    const { blocks } = entry
    const upTo = entry.computed + tokens
    const missing = blocksFor(upTo) - blocks.length
    if (missing > pool.free) return false
    for (let at = 0; at < missing; at++) blocks.push(pool.take())
    if (!this.#options.prefixCaching) return true
    for (const full = Math.floor(upTo / blockTokens); entry.registered < full; entry.registered++)
      pool.register(blocks[entry.registered] as number, entry.hashOf(entry.registered))
    return true
  }

  #victim(): Entry {
    if (this.#options.policy === 'fcfs') return this.running.at(-1) as Entry
    return this.running.reduce((worst, entry) =>
      entry.priority > worst.priority || (entry.priority === worst.priority && entry.order > worst.order)
        ? entry
        : worst,
    )
  }

  #preempt(entry: Entry): void {
    if (this.running.at(-1) === entry) this.running.pop()
    else this.running.splice(this.running.indexOf(entry), 1)
    if (entry.scheduled > 0) {
      this.batch.splice(this.batch.indexOf(entry), 1)
      entry.scheduled = 0
    }
    this.#releaseBlocks(entry)
    entry.state = 'waiting'
    entry.trace.outcome = 'waiting'
    entry.trace.preemptions++
    this.preemptions++
    this.waiting.pushFront(entry)
  }

  #releaseBlocks(entry: Entry): void {
    this.#pool.release(entry.blocks)
    entry.blocks.length = 0
    entry.registered = 0
    entry.computedBefore = Math.max(entry.computedBefore, entry.computed)
    entry.computed = 0
  }

  #noteLoras(): void {
    this.#loras.clear()
    if (this.#options.lorasMax === Infinity) return
    for (const { sequence } of this.batch) if (sequence.lora !== undefined) this.#loras.add(sequence.lora)
  }

  #hasLoraSlot({ sequence: { lora } }: Entry): boolean {
    return lora === undefined || this.#loras.has(lora) || this.#loras.size < this.#options.lorasMax
  }
}
