import type { IncomingMessage } from 'node:http'

export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** The JSON body of a request, of any size. Throws when the client leaves while sending it. */
export const readJson = async (request: IncomingMessage): Promise<JsonBody> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  try {
    return { kind: 'json', value: JSON.parse(Buffer.concat(pieces).toString()) }
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) }
  }
}
