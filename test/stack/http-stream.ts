import { Pool } from 'undici'

/** One POST whose answer is read as it arrives. */
export interface StreamPost {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface StreamReader {
  onStatus?(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void
  onBytes(bytes: Buffer): void
  /** Called once; an error when the connection broke before the answer's end. */
  onEnd(error: Error | null): void
}

/** HTTP connections to one origin, as many as there are requests at once. */
export interface HttpOrigin extends AsyncDisposable {
  /** Sends a request. Returns what cuts it off. */
  post(request: StreamPost, reader: StreamReader): () => void
}

/**
 * A client that costs little per request, so that it can share a machine with what it measures. It never waits in line and
 * never tries again. A connection without a byte for `silenceMs` breaks.
 */
export const openOrigin = (origin: string, { silenceMs }: { silenceMs: number }): HttpOrigin => {
  const pool = new Pool(origin, { connections: null, pipelining: 1, bodyTimeout: silenceMs, headersTimeout: silenceMs })
  return {
    post({ path, headers, body }, reader) {
      let cut: (() => void) | undefined
      let cutAlready = false
      const allHeaders = { 'content-type': 'application/json', ...headers }
      pool.dispatch(
        { path, method: 'POST', headers: allHeaders, body },
        {
          onRequestStart(controller) {
            cut = () => controller.abort(new Error('cut off by the client'))
            if (cutAlready) cut()
          },
          onResponseStart(_controller, status, answerHeaders) {
            reader.onStatus?.(status, answerHeaders)
          },
          onResponseData(_controller, chunk) {
            reader.onBytes(chunk)
          },
          onResponseEnd() {
            reader.onEnd(null)
          },
          onResponseError(_controller, error) {
            reader.onEnd(error)
          },
        },
      )
      return () => {
        cutAlready = true
        cut?.()
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  }
}
