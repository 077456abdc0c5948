/**
 * What a sequence answers to the engine: go on, it is over, it is over and nobody got it (`lost`: a fault cut it), or its next token comes
 * later than planned (ms; Infinity: never).
 */
export type StepResult = 'more' | 'done' | 'lost' | { readonly delayMs: number }

/** Why the engine itself gave a sequence up: paused with mode `abort`, or gone with everything it held. */
export type DropCause = 'aborted' | 'crashed'

/** Tokens in one KV block (`--block-size`); only full blocks can be shared. */
export const blockTokens = 16

/** A request as the engine sees it: the engine says when the next token is due, the sequence makes it. */
export interface Sequence {
  readonly promptTokens: number
  /** Smaller runs earlier, under the policy `priority` only. 0 when absent. */
  readonly priority?: number | undefined
  /** Adapter it needs: occupies one of the engine's LoRA slots, and shares cached blocks only with its own kind. */
  readonly lora?: string | undefined
  /** Shares cached blocks only with sequences of the same salt. */
  readonly cacheSalt?: string | undefined
  /** Does not read the prefix cache, yet fills it: what vLLM does for `prompt_logprobs`. */
  readonly ignoresPrefixCache?: boolean | undefined
  /**
   * Stands for the tokens in block `index` (`blockTokens` each, from the start of the prompt on, the output following it): a safe integer
   * from 0, equal for equal tokens. What came before, the adapter and the salt need not be in it. Only asked for blocks whose tokens are
   * all made. Without it the sequence shares nothing with any other.
   */
  blockKey?(index: number): number
  /** Makes the next token. Several may be asked for before a flush, when they fell due together. */
  step(): StepResult
  /** Sends what the steps since the last flush made. */
  flush(): void
  /** The engine gave the sequence up and will not ask for steps any more. Not called for `remove`. */
  dropped?(cause: DropCause): void
}

/**
 * What truly happened to one sequence, written by the engine while it happens: read it at any time, never change it. Instants are epoch ms
 * of the engine's clock.
 */
export interface SequenceTrace {
  readonly outcome: 'waiting' | 'running' | 'finished' | 'aborted' | 'crashed'
  readonly arrivedAt: number
  /** When the scheduler first saw it: after the front end's own work. */
  readonly queuedAt: number
  /** When it was first scheduled; queue time ends here. */
  readonly admittedAt: number | null
  readonly firstTokenAt: number | null
  readonly lastTokenAt: number | null
  /** When its KV blocks were free again. */
  readonly endedAt: number | null
  readonly promptTokens: number
  readonly outputTokens: number
  /** Prompt tokens found in the prefix cache at first admission. */
  readonly cachedTokens: number
  readonly preemptions: number
  /** Tokens computed again after preemptions; what the prefix cache gave back is not among them. */
  readonly recomputedTokens: number
  /** Output tokens of a sequence that did not finish, the one under way at its removal included. 0 while it runs and once it finished. */
  readonly wastedTokens: number
  /** Engine steps it was part of: first and last id of each unbroken run. */
  readonly steps: readonly (readonly [first: number, last: number])[]
}

/** What metrics call gauges. As in vLLM they are taken at the end of a step, so they are stale while one runs. */
export interface EngineLoad {
  readonly running: number
  /** Capacity and deferred together. */
  readonly waiting: number
  /** Waiting for room. */
  readonly waitingForCapacity: number
  /** Set aside: for an adapter slot, or stalled by a fault. */
  readonly waitingDeferred: number
  /** Held blocks by usable blocks, 0 to 1. Cached blocks that nobody holds count as free. */
  readonly kvCacheUsageRatio: number
  /** KV blocks, the reserved one included (`num_gpu_blocks`). */
  readonly kvBlocks: number
  /** Adapters of running and of waiting sequences. */
  readonly lorasRunning: readonly string[]
  readonly lorasWaiting: readonly string[]
}

/** Totals since the engine started or crashed. */
export interface EngineCounters {
  readonly steps: number
  readonly preemptions: number
  /** Tokens looked up in the prefix cache at first admissions, and found. */
  readonly prefixQueryTokens: number
  readonly prefixHitTokens: number
  /** Tokens run through the model: uncached prompt, output, and what was computed again. */
  readonly computedTokens: number
  readonly outputTokens: number
}

/** One engine step that has ended. The object is used again for the next step: copy what has to last. */
export interface EngineStep {
  /** Counts from 1, without gaps. */
  readonly id: number
  readonly startedAt: number
  readonly endedAt: number
  /** Tokens computed: what vLLM's `iteration_tokens_total` observes. */
  readonly tokens: number
  readonly prefillTokens: number
  /** Sequences in the batch. */
  readonly sequences: number
  readonly preemptions: number
}

export interface EngineObserver {
  /** Called at the end of every step, before sequences are flushed. */
  stepped(step: EngineStep): void
}

/**
 * `abort`: everything under way is dropped. `wait`: running sequences finish, nothing more is admitted. `keep`: everything stands still.
 * While paused the engine accepts sequences and lets them wait.
 */
export type PauseMode = 'abort' | 'wait' | 'keep'

/** KV blocks that are left of so many, the reserved one included. */
export const blocksLeft = (blocks: number, ratio: number): number => Math.max(2, Math.floor(blocks * ratio))

/** Decides when each sequence takes its steps. The node knows nothing else about time. */
export interface Engine {
  /** Takes a sequence; it waits in line while the engine is full. Its first step never happens inside this call. */
  submit(sequence: Sequence): SequenceTrace
  /** Drops a sequence, waiting or running; no step is asked of it any more. Its room is free at the next step boundary. */
  remove(sequence: Sequence): void
  load(): EngineLoad
  counters(): EngineCounters
  readonly paused: boolean
  pause(mode: PauseMode): void
  resume(): void
  /** Steps begun from here on take `factor` times as long. 1: as modelled. */
  setSlowFactor(factor: number): void
  /** A hung GPU: the step under way does not end and none begins, until `thaw`. Removals wait for it too. */
  freeze(): void
  thaw(): void
  /**
   * Leaves this part of the KV cache, at least a block beside the reserved one; 1: all of it. Free blocks go first, held ones as they come
   * free, so a shrunken cache preempts before it is small enough.
   */
  setKvRatio(ratio: number): void
  /**
   * Forgets cached prefixes and says whether it did: not while blocks are held, unless `preemptRunning` takes them from every running
   * sequence, which then starts over. Sleeping at level 1 or 2 is a pause and this.
   */
  resetPrefixCache(options?: { readonly preemptRunning?: boolean }): boolean
  /** Everything under way is dropped as `crashed`, the cache is cold, counters are 0, and pause, freeze, slowness and resize end. */
  crash(): void
  /** Ends all timers; nothing is told to the sequences. */
  stop(): void
}
