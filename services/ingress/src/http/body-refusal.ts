/** A body that cannot be read. The message is for the client and quotes nothing of it. */
export class BodyRefusal extends Error {
  readonly kind: 'too_large' | 'unsupported' | 'malformed'

  constructor(kind: BodyRefusal['kind'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BodyRefusal'
    this.kind = kind
  }
}
