export interface BoundedJsonOptions {
  readonly timeoutMs: number
  readonly bytesMax: number
}

/** Fetches a JSON document. Throws when it redirects, is not 200, comes too late, is too large or is no JSON. */
export const fetchBoundedJson = async (url: string, options: BoundedJsonOptions): Promise<unknown> => {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(options.timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}`)
  }
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength
    // Leaving the loop cancels the rest of the body.
    if (bytes > options.bytesMax) throw new Error(`${url} is larger than ${options.bytesMax} bytes`)
    pieces.push(piece)
  }
  return JSON.parse(Buffer.concat(pieces).toString()) as unknown
}
