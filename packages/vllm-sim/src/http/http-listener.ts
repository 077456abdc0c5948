import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type Handle = (message: IncomingMessage, response: ServerResponse) => Promise<void>

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly oddities?: ListenerOddities
}

/** Misbehaviour of a server's connections, asked at each use. */
export interface ListenerOddities {
  /** A client's end of its connection goes unnoticed. */
  halfOpen(): boolean
  /** A connection is closed when it is used again. */
  closesReused(): boolean
}
const none: ListenerOddities = { halfOpen: () => false, closesReused: () => false }

/** A listening HTTP server. */
export interface HttpListener {
  readonly origin: string
  /** Takes no more connections, lets open responses go out for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>
  /** Resets every connection and refuses more, until `reopen` takes them again on the same port. */
  reset(): Promise<void>
  reopen(): Promise<void>
}

/** Idle time after which vLLM's server closes a connection, ms. */
const keepAliveTimeoutMs = 5000

/** Starts a server. Throws when the port is taken. A handler may throw because the client left; anything else is a bug and ends
 *  the process. */
export const listen = async ({ host, port, oddities = none }: ListenOptions, handle: Handle): Promise<HttpListener> => {
  const sockets = new Set<Socket>()
  const responses = new Set<ServerResponse>()
  const used = new WeakSet<Socket>()
  const server = createServer(
    { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0, noDelay: true },
    (message, response) => {
      const { socket } = message
      if (used.has(socket) && oddities.closesReused()) return void socket.destroy()
      used.add(socket)
      responses.add(response)
      response.once('close', () => responses.delete(response))
      handle(message, response).catch((error: unknown) => {
        if (message.errored === null) throw error
        response.destroy()
      })
    },
  )
  // Otherwise Node's server answers a client's FIN with its own.
  Object.defineProperty(server, 'httpAllowHalfOpen', { get: () => oddities.halfOpen() })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const open = (onPort: number): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(onPort, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  await open(port)
  const address = server.address() as AddressInfo
  /** Takes no more connections. Resolves when the last is gone. */
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      if (server.listening) server.close(() => resolve())
      else resolve()
    })
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  return {
    origin: originOf(address),
    reopen: () => open(address.port),
    close: async (graceMs) => {
      const closed = shut()
      // Node's own notion of an idle connection leaves out those that never carried a request.
      const out = Promise.all(
        [...responses].map((response) => new Promise((resolve) => response.once('close', resolve))),
      )
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await Promise.race([out, closed])
      clearTimeout(timer)
      server.closeAllConnections()
      await closed
    },
    reset: () => {
      const closed = shut()
      cut()
      return closed
    },
  }
}

/** The loopback address stands for the wildcard ones, which nobody can connect to. */
const originOf = ({ address, port, family }: AddressInfo): string => {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
