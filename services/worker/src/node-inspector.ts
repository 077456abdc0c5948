import { Pool } from 'undici'
import { nodeLookup } from './node-lookup.ts'
import type { NodeReach } from './node-lookup.ts'

export interface Inspected {
  readonly status: number
  readonly text: string
}

/** Metrics of a node with many models; beyond, the node talks nonsense. */
const bytesMax = 4 * 1024 * 1024
const withinMs = 2000

/** Asks a node about itself, on connections of its own: a node that is busy with calls must still be able to tell. Never follows redirects. */
export class NodeInspector {
  readonly #pool: Pool
  readonly #rootPath: string
  readonly #headers: Record<string, string>

  /** `url`: the node's base URL; health and metrics are beside its `/v1`. */
  constructor(url: string, credential: string | null, reach: NodeReach) {
    const { origin, pathname } = new URL(url)
    this.#rootPath = pathname.replace(/\/+$/, '').replace(/\/v1$/, '')
    this.#headers = credential === null ? {} : { authorization: `Bearer ${credential}` }
    this.#pool = new Pool(origin, {
      connections: 2,
      connect: { timeout: withinMs, lookup: nodeLookup(reach) },
      keepAliveTimeout: 4000,
      keepAliveMaxTimeout: 4000,
      headersTimeout: withinMs,
      bodyTimeout: withinMs,
    })
  }

  /** Null: no answer worth the name in time. */
  async get(path: string): Promise<Inspected | null> {
    try {
      const answer = await this.#pool.request({
        method: 'GET',
        path: this.#rootPath + path,
        headers: this.#headers,
        signal: AbortSignal.timeout(withinMs),
      })
      const pieces: Buffer[] = []
      let bytes = 0
      for await (const piece of answer.body as AsyncIterable<Buffer>) {
        bytes += piece.byteLength
        if (bytes > bytesMax) return null
        pieces.push(piece)
      }
      return { status: answer.statusCode, text: Buffer.concat(pieces).toString('utf8') }
    } catch {
      return null
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}
