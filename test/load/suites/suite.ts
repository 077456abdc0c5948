import type { Absent } from '../subjects/registry.ts'
import type { TurnBudget } from './turn-budget.ts'

/** What the command line says, read and bounded. Absent: the suite's own default. */
export interface BenchOptions {
  readonly subjects: readonly string[] | undefined
  readonly seconds: number | undefined
  readonly rounds: number | undefined
  readonly rates: readonly number[] | undefined
  readonly workloads: readonly string[] | undefined
  /** A trace to replay instead of the sample that the project holds. */
  readonly trace: string | undefined
  readonly seed: number
  readonly quick: boolean
  readonly profile: boolean
}

export interface SuiteContext {
  readonly options: BenchOptions
  /** An empty folder, removed afterwards. */
  readonly folder: string
  readonly signal: AbortSignal
  /** What does not fit in it is left out and named in the document. */
  readonly budget: TurnBudget
  readonly onProgress: (sentence: string) => void
}

/** What a suite found. */
export interface SuiteResult {
  readonly rows: readonly object[]
  /** For people. */
  readonly text: string
  /** Further members of its document. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly absent: readonly Absent[]
  /** What makes the command fail, one sentence each. */
  readonly failures: readonly string[]
}

export interface Suite {
  readonly name: string
  readonly summary: string
  /** Names of what can be compared in it, in the order of its table. */
  readonly subjects: readonly string[]
  run(context: SuiteContext): Promise<SuiteResult>
}
