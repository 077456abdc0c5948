import { FaultProxy } from './fault-proxy.ts'

/** The proxies of a run, by what they connect: `worker-1>redis`, `ingress>nats`, `ingress>nats-2` of several, `workers>node-1`. */
export class FaultProxies implements AsyncDisposable {
  readonly #proxies = new Map<string, FaultProxy>()

  /** Puts a proxy between two parts, one for each server where there are several. Gives the address to use instead. */
  readonly route = async (from: string, to: string, url: string): Promise<string> => {
    // Sentinels tell where the primary is, which no proxy can stand before.
    if (url.includes('-sentinel://')) return url
    const servers = url.split(',')
    const name = (index: number): string => `${from}>${to}${servers.length === 1 ? '' : `-${index + 1}`}`
    return (await Promise.all(servers.map((server, index) => this.#open(name(index), server)))).join(',')
  }

  get names(): string[] {
    return [...this.#proxies.keys()]
  }

  between(name: string): FaultProxy {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) throw new Error(`no proxy is named ${name}`)
    return proxy
  }

  async #open(name: string, url: string): Promise<string> {
    const { hostname, port } = new URL(url)
    const proxy = await FaultProxy.open({ host: hostname, port: Number(port) })
    this.#proxies.set(name, proxy)
    return url.replace(`${hostname}:${port}`, `127.0.0.1:${proxy.port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
  }
}
