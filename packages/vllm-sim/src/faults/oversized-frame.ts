import type { ServerResponse } from 'node:http'

const pieceBytes = 65_536

/** Ends a stream with one event line of so many bytes, no faster than the client reads. */
export const sendOversizedFrame = async (response: ServerResponse, bytes: number): Promise<void> => {
  const piece = 'x'.repeat(pieceBytes)
  response.write('data: {"choices":[],"padding":"')
  for (let left = bytes; left > 0 && !response.destroyed; left -= pieceBytes) {
    const fits = response.write(left < pieceBytes ? piece.slice(0, left) : piece)
    if (!fits) await drainedOrClosed(response)
  }
  if (!response.destroyed) response.end('"}\n\n')
}

const drainedOrClosed = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
  })
