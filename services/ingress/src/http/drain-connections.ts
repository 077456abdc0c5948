import type { Server } from 'node:http'

/** A connection that was answered before may bring one request more within this time, ms: its client did not know that the server ends. */
const idleMs = 250

/**
 * Lets a server come to its end while clients keep their connections: each answer from now on is the last of its connection, and says so;
 * a connection without a request is closed soon.
 */
export const drainConnections = (server: Server): void => {
  server.keepAliveTimeout = idleMs
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
}
