import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A TCP way to a real server that tests can cut, so that the server itself keeps its data. Binds port 0 of localhost. */
export class SeverableProxy implements AsyncDisposable {
  readonly port: number
  readonly #targetPort: number
  readonly #sockets = new Set<Socket>()
  #server: Server

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
    this.port = (server.address() as AddressInfo).port
    this.#forward(server)
  }

  static async to(targetPort: number): Promise<SeverableProxy> {
    return new SeverableProxy(await listening(0), targetPort)
  }

  /** Ends every connection and refuses further ones. */
  async sever(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Accepts connections again, on the same port. */
  async restore(): Promise<void> {
    this.#server = await listening(this.port)
    this.#forward(this.#server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.sever()
  }

  #forward(server: Server): void {
    server.on('connection', (client) => {
      const upstream = connect(this.#targetPort, '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket)
        // An error is followed by close, and a connection that ends on one side ends on both.
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
