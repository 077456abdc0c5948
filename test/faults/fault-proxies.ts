import { FaultProxy } from './fault-proxy.ts'

/** The proxies of a run, by what they connect: `worker-1>redis`, `ingress>nats`, `workers>node-1`. */
export class FaultProxies implements AsyncDisposable {
  readonly #proxies = new Map<string, FaultProxy>()

  /** Puts a proxy between two parts. Gives the address to use instead. */
  readonly route = async (from: string, to: string, url: string): Promise<string> => {
    const { hostname, port } = new URL(url)
    const proxy = await FaultProxy.open({ host: hostname, port: Number(port) })
    this.#proxies.set(`${from}>${to}`, proxy)
    return url.replace(`${hostname}:${port}`, `127.0.0.1:${proxy.port}`)
  }

  get names(): string[] {
    return [...this.#proxies.keys()]
  }

  between(name: string): FaultProxy {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) throw new Error(`no proxy is named ${name}`)
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
  }
}
