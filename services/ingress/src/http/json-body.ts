import type { IncomingMessage } from 'node:http'
import { RequestFailure } from '@penstock/contracts'
import type { BodyBudget } from './body-budget.ts'
import { BodyRefusal } from './body-refusal.ts'
import { parseJsonText } from './json-text.ts'

export interface JsonBodyOptions {
  readonly bytesMax: number
  readonly budget: BodyBudget
}

/** A body, and the bytes of the budget that are the caller's to give back once the request is over. */
export interface JsonBody {
  readonly json: unknown
  readonly bytes: number
}

/**
 * Reads a body as JSON. Throws BodyRefusal for one that is too large, in another format or no plain JSON, and RequestFailure
 * `overloaded` when the bodies under way leave no room. The rest of a refused body is read and dropped, so that clients that
 * send first and read later hear why.
 */
export const readJsonBody = async (request: IncomingMessage, options: JsonBodyOptions): Promise<JsonBody> => {
  checkFormat(request)
  const announced = request.headers['content-length']
  const taken = new Share(options.budget)
  try {
    if (announced !== undefined) {
      checkSize(Number(announced), options.bytesMax)
      taken.take(Number(announced))
    }
    const pieces: Buffer[] = []
    let bytes = 0
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.length
      checkSize(bytes, options.bytesMax)
      if (bytes > taken.bytes) taken.take(bytes - taken.bytes)
      pieces.push(piece)
    }
    return {
      json: parseJsonText(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)),
      bytes: taken.bytes,
    }
  } catch (error) {
    taken.giveBack()
    request.resume()
    throw request.readableAborted ? new RequestFailure('cancelled', {}, error) : error
  }
}

class Share {
  readonly #budget: BodyBudget
  bytes = 0

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  take(bytes: number): void {
    if (!this.#budget.take(bytes)) throw new RequestFailure('overloaded', { retryAfterMs: 1000 })
    this.bytes += bytes
  }

  giveBack(): void {
    this.#budget.giveBack(this.bytes)
    this.bytes = 0
  }
}

const checkSize = (bytes: number, bytesMax: number): void => {
  if (bytes > bytesMax)
    throw new BodyRefusal('too_large', `The request body is larger than the limit of ${bytesMax} bytes.`)
}

/** Nothing is unpacked: a few bytes must not become gigabytes. */
const checkFormat = ({ headers }: IncomingMessage): void => {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new BodyRefusal('unsupported', 'Compressed request bodies are not accepted.')
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && type !== '' && type !== 'application/json')
    throw new BodyRefusal('unsupported', 'The request body must be application/json.')
}
