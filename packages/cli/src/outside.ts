import { printableJson } from './printable.ts'

/** What a command sees of the machine it runs on. What it prints is made harmless to a terminal on the way. */
export interface Outside {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Relative paths start here. */
  readonly folder: string
  out(text: string): void
  err(text: string): void
}

/** A result for people, and the same for programs. */
export interface Outcome {
  readonly text: string
  readonly json: unknown
  /** False: exit status 1, and the text goes to standard error. */
  readonly ok: boolean
}

/** An error that the user can act on: its message is all that is shown. */
export class CommandFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandFailed'
  }
}

/** Prints an outcome in the form that was asked for. Returns the exit status. */
export const print = (
  { text, json, ok }: Outcome,
  options: { json?: boolean | undefined },
  outside: Outside,
): number => {
  if (options.json === true) outside.out(`${printableJson(json)}\n`)
  else if (ok) outside.out(`${text}\n`)
  else outside.err(`${text}\n`)
  return ok ? 0 : 1
}
