import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'

/** Addresses of the loopback range beyond 127.0.0.x, of which there are plenty. */
const address = (index: number): string => `127.1.${index >> 8}.${index & 255}`

/**
 * Gives one server many addresses on this machine: each passes its connections on. Returns base URLs, as many as asked for, that are taken
 * from `urls` in turn with another host.
 */
export const loopbackAddresses = async (
  urls: readonly string[],
  count: number,
  held: AsyncDisposableStack,
): Promise<string[]> => {
  const made: string[] = []
  for (let index = 0; index < count; index++) {
    const url = new URL(urls[index % urls.length] as string)
    const relay = createServer((socket) => {
      const onward = connect(Number(url.port), '127.0.0.1')
      socket.setNoDelay(true).pipe(onward).pipe(socket)
      onward.setNoDelay(true)
      // An end that breaks takes the other along.
      socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
      onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    })
    relay.listen(Number(url.port), address(index))
    await once(relay, 'listening')
    held.defer(() => closed(relay))
    made.push(`http://${address(index)}:${url.port}${url.pathname}`)
  }
  return made
}

const closed = async (server: Server): Promise<void> => {
  server.close()
  // Connections end with the servers behind them, which may be later.
  server.unref()
}
