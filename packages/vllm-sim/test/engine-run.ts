import type { SequenceTrace } from '../src/engine.ts'
import { BatchingEngine } from '../src/engine/batching-engine.ts'
import type { BatchingOptions } from '../src/engine/batching-engine.ts'
import { performanceProfile } from '../src/engine/performance-profiles.ts'
import { SyntheticSequence } from '../src/engine/synthetic-sequence.ts'
import type { SyntheticSequenceOptions } from '../src/engine/synthetic-sequence.ts'
import { VirtualClock } from '../src/engine/virtual-clock.ts'

type Asked = Partial<SyntheticSequenceOptions>

/** An engine on a virtual clock, without jitter and front end unless asked for, with what a test does to it. */
export class EngineRun {
  readonly clock = new VirtualClock()
  readonly engine: BatchingEngine

  constructor(options: Partial<BatchingOptions> = {}) {
    this.engine = new BatchingEngine(
      { profile: performanceProfile('llama-3.1-8b@h100'), ...options },
      { clock: this.clock },
    )
  }

  /** 16 tokens in and 4 out unless said otherwise. */
  submit(asked: Asked = {}): { trace: SequenceTrace; sequence: SyntheticSequence } {
    const sequence = new SyntheticSequence({ promptTokens: 16, outputTokens: 4, ...asked })
    return { trace: this.engine.submit(sequence), sequence }
  }

  /** Submits and lets the engine come to rest. */
  play(asked: Asked = {}): SequenceTrace {
    const { trace } = this.submit(asked)
    this.clock.run()
    return trace
  }
}
