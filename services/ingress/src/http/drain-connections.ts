import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** A connection that was answered before may bring one request more within this time, ms: its client did not know that the server ends. */
const idleMs = 250

/**
 * Lets a server come to its end while clients keep their connections: each answer from now on is the last of its connection, and says so.
 * Resolves after `noticeMs`, when the server may stop listening and close what is idle: until then load balancers see that it drains, and
 * busy connections are ended by an answer. To close them at once would cut requests that are on their way.
 */
export const drainConnections = async (server: Server, noticeMs: number): Promise<void> => {
  server.keepAliveTimeout = idleMs
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  await delay(noticeMs)
}
