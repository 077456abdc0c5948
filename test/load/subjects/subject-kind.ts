import type { TestStack } from '../../stack/start-stack.ts'
import type { Subject } from './subject.ts'

export interface StartContext {
  /** Holds the nodes that all subjects share, and Penstock. */
  readonly stack: TestStack
  /** Frees what was started. */
  readonly held: AsyncDisposableStack
  /** An empty folder for files. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
}

/** Something that can be loaded. */
export interface SubjectKind {
  readonly name: string
  /** One line for people: what it is and how it is set up. */
  readonly summary: string
  /** Throws Unavailable with the reason when it cannot take part. */
  start(context: StartContext): Promise<Subject>
}
