import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type Handle = (message: IncomingMessage, response: ServerResponse) => Promise<void>

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** A listening HTTP server. */
export interface HttpListener {
  readonly origin: string
  /** Takes no more connections, lets open responses go out for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>
  /** Resets every connection and takes no more. */
  reset(): Promise<void>
}

/** Idle time after which vLLM's server closes a connection, ms. */
const keepAliveTimeoutMs = 5000

/** Starts a server. Throws when the port is taken. A handler may throw because the client left; anything else is a bug and ends
 *  the process. */
export const listen = async ({ host, port }: ListenOptions, handle: Handle): Promise<HttpListener> => {
  const sockets = new Set<Socket>()
  const responses = new Set<ServerResponse>()
  const server = createServer(
    { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0, noDelay: true },
    (message, response) => {
      responses.add(response)
      response.once('close', () => responses.delete(response))
      handle(message, response).catch((error: unknown) => {
        if (message.errored === null) throw error
        response.destroy()
      })
    },
  )
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()))
  return {
    origin: originOf(server.address() as AddressInfo),
    close: async (graceMs) => {
      server.close()
      // Node's own notion of an idle connection leaves out those that never carried a request.
      const out = Promise.all(
        [...responses].map((response) => new Promise((resolve) => response.once('close', resolve))),
      )
      const cut = setTimeout(() => server.closeAllConnections(), graceMs)
      await Promise.race([out, closed])
      clearTimeout(cut)
      server.closeAllConnections()
      await closed
    },
    reset: async () => {
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
      await closed
    },
  }
}

/** The loopback address stands for the wildcard ones, which nobody can connect to. */
const originOf = ({ address, port, family }: AddressInfo): string => {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
