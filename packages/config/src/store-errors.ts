import { type ConfigProblem, formatPath } from './validate.ts'

/** Redis is away or refuses: what was asked may or may not have happened. */
export class ConfigStoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the configuration store cannot be reached', { cause })
    this.name = 'ConfigStoreUnavailable'
  }
}

/** The store holds a version that is no valid document: whoever has an earlier one keeps it. */
export class StoredConfigInvalid extends Error {
  readonly version: number
  readonly problems: readonly ConfigProblem[]

  constructor(version: number, problems: readonly ConfigProblem[], cause?: unknown) {
    const text = problems.map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
    super(
      `stored configuration version ${version} is refused: ${text.join('; ')}`,
      cause === undefined ? undefined : { cause },
    )
    this.name = 'StoredConfigInvalid'
    this.version = version
    this.problems = problems
  }
}
