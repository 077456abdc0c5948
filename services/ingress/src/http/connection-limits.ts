import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** Connections at once; further ones are closed unheard. */
  readonly connectionsMax: number
  /** The same for one address. GitLab, and any proxy, is one address: this only keeps one machine from taking all. */
  readonly connectionsPerAddressMax: number
}

/** Keeps a server's connections within limits. */
export const limitConnections = (server: Server, limits: ConnectionLimits): void => {
  const counts = new Map<string, number>()
  server.maxConnections = limits.connectionsMax
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (counts.get(address) ?? 0) + 1
    counts.set(address, count)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
    if (count > limits.connectionsPerAddressMax) socket.destroy()
  })
}

const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Ends a connection that does not speak HTTP, or not in time. One that answered before may be in the middle of a stream: nothing is put into it. */
export const endBrokenConnection = (error: Error & { code?: string }, socket: Socket): void => {
  if (socket.writable && socket.bytesWritten === 0) {
    const status = statusLines[error.code ?? ''] ?? '400 Bad Request'
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    socket.destroySoon()
    return
  }
  socket.destroy()
}
