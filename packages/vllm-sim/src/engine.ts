/** What a sequence answers to the engine: go on, it is over, or its next token comes later than planned (ms; Infinity: never). */
export type StepResult = 'more' | 'done' | { readonly delayMs: number }

/** A request as the engine sees it: it says when the next token is due, the sequence makes it. */
export interface Sequence {
  readonly promptTokens: number
  /** Makes the next token. Several may be asked for before a flush, when they fell due together. */
  step(): StepResult
  /** Sends what the steps since the last flush made. */
  flush(): void
}

export interface EngineLoad {
  readonly running: number
  readonly waiting: number
  /** Tokens of the running sequences, prompts included, as a part of what the KV cache holds: 0 to 1. */
  readonly kvCacheUsageRatio: number
}

/** Decides when each sequence takes its steps. The node knows nothing else about time. */
export interface Engine {
  /** Takes a sequence; it waits in line while the engine is full. Its first step never happens inside this call. */
  submit(sequence: Sequence): void
  /** Drops a sequence, waiting or running, and frees its room. */
  remove(sequence: Sequence): void
  load(): EngineLoad
  stop(): void
}
