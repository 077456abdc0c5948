import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What happens to bytes on their way. Everything at once is possible; nothing is the default. */
export interface Toxics {
  /** Bytes of these directions vanish while connections stay open, as behind a firewall that drops. */
  readonly drop?: 'up' | 'down' | 'both'
  /** Each piece comes so much later, give or take `jitterMs`. */
  readonly latencyMs?: number
  readonly jitterMs?: number
  /** Most bytes of a connection per second, each way. */
  readonly bytesPerSecond?: number
}

/** A TCP proxy on 127.0.0.1 that does what a bad network does. `up` is from the client to the server. */
export class FaultProxy implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #toxics: Toxics = {}

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async open(target: { host: string; port: number }): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new FaultProxy(server)
    server.on('connection', (client) => proxy.#connected(client, target))
    return proxy
  }

  /** Whether anybody is connected. */
  get inUse(): boolean {
    return this.#sockets.size > 0
  }

  /** From now on, for connections that are open too. */
  set(toxics: Toxics): void {
    this.#toxics = toxics
  }

  /** Resets every connection that is open now. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #connected(client: Socket, target: { host: string; port: number }): void {
    const server = connect({ ...target, allowHalfOpen: true })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', () => other.resetAndDestroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    void this.#pump(client, server, 'up')
    void this.#pump(server, client, 'down')
  }

  async #pump(from: Socket, to: Socket, way: 'up' | 'down'): Promise<void> {
    let freeAt = 0
    // Latency delays what is on its way; it does not make pieces wait for each other.
    let sending: Promise<void> = Promise.resolve()
    try {
      for await (const piece of from as AsyncIterable<Buffer>) {
        const { drop, latencyMs = 0, jitterMs = 0, bytesPerSecond } = this.#toxics
        if (drop === way || drop === 'both') continue
        const now = performance.now()
        const lateMs = Math.max(0, latencyMs + (Math.random() * 2 - 1) * jitterMs)
        if (bytesPerSecond !== undefined) {
          freeAt = Math.max(freeAt, now) + (piece.byteLength / bytesPerSecond) * 1000
          await delay(freeAt - now)
        }
        sending = this.#send(sending, to, piece, lateMs)
        if (to.writableLength > 1024 * 1024) await once(to, 'drain')
      }
      await sending
      to.end()
    } catch {
      // The connection broke: its close handlers end the other side.
      to.destroy()
    }
  }

  async #send(before: Promise<void>, to: Socket, piece: Buffer, lateMs: number): Promise<void> {
    if (lateMs > 0) await Promise.all([before, delay(lateMs)])
    else await before
    if (to.writable) to.write(piece)
  }
}
