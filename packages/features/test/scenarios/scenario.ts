/** A feature with what GitLab sends it and how its answers are judged. */
export interface Scenario {
  readonly promptId: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** Words of the inputs that the model must see. */
  readonly shown: readonly string[]
  /** An answer as the feature asks for it. */
  readonly good: string
  /** The same answer with slips of its own kind, beside those every model makes. */
  readonly sloppy: readonly string[]
  /** What GitLab reads out of an answer, for comparison. Throws when it would choke, or would do something wrong. */
  read(answer: string): unknown
  /** Whether the reading is one of the defined "no answers". */
  isNone(reading: unknown): boolean
  /** What models put around any answer does not matter here; false where the text is shown as it is. */
  readonly wrapped?: boolean
}
