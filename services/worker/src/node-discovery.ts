import { Resolver } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ConfigDocument, DiscoverConfig } from '@penstock/config'
import type { NodeSourceState } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import { addressText, sourceAnswered, unknownSource } from '@penstock/scheduling'
import type { NodeAddress, NodeSource, SourceAnswer } from '@penstock/scheduling'
import { resolveSource } from './resolve-source.ts'

export interface NodeDiscoveryDependencies {
  log: Logger
  now: () => number
  /** Told when nodes joined or left a source. */
  onChange: () => void
}

/** One question may take this long before another server is asked, and it is asked so often, ms. */
const askWithinMs = 1000
const tries = 2
/** Workers ask at different times, by this part of the interval. */
const spread = 0.1

interface Followed {
  readonly url: string
  readonly discover: DiscoverConfig
  readonly stop: AbortController
  state: NodeSource
}

/** Follows the names in DNS that stand for nodes: asks steadily, remembers what each said last. */
export class NodeDiscovery implements Disposable {
  readonly #deps: NodeDiscoveryDependencies
  readonly #resolver: Resolver
  readonly #sources = new Map<string, Followed>()

  /** `servers`: name servers to ask, address with or without port; empty: the machine's. */
  constructor(options: { servers: readonly string[] }, dependencies: NodeDiscoveryDependencies) {
    this.#deps = dependencies
    this.#resolver = new Resolver({ timeout: askWithinMs, tries })
    if (options.servers.length > 0) this.#resolver.setServers(options.servers)
  }

  /** Follows what the document names, and nothing else. What is known of an entry stays until its new question is answered. */
  configure(document: ConfigDocument): void {
    const wanted = new Map(
      document.nodes.flatMap(({ name, url, discover }) => (discover ? [[name, { url, discover }]] : [])),
    )
    const former = new Map(this.#sources)
    for (const [name, { url, discover, stop }] of former) {
      if (isDeepStrictEqual(wanted.get(name), { url, discover })) wanted.delete(name)
      else {
        stop.abort()
        this.#sources.delete(name)
      }
    }
    for (const [name, question] of wanted) {
      const followed = { ...question, stop: new AbortController(), state: former.get(name)?.state ?? unknownSource }
      this.#sources.set(name, followed)
      void this.#follow(name, followed)
    }
  }

  /** Addresses of each source, as far as they are known. */
  get addresses(): ReadonlyMap<string, readonly NodeAddress[]> {
    return new Map([...this.#sources].map(([name, { state }]) => [name, state.addresses]))
  }

  states(): NodeSourceState[] {
    return [...this.#sources].map(
      ([
        source,
        {
          state: { addresses, trouble },
        },
      ]) => ({
        source,
        nodes: addresses.length,
        trouble: trouble === null ? null : trouble.reason.slice(0, 200),
        troubleForMs: trouble === null ? 0 : Math.max(0, Math.round(this.#deps.now() - trouble.since)),
      }),
    )
  }

  [Symbol.dispose](): void {
    for (const { stop } of this.#sources.values()) stop.abort()
    this.#sources.clear()
    this.#resolver.cancel()
  }

  async #follow(name: string, followed: Followed): Promise<void> {
    const { signal } = followed.stop
    const { everyMs } = followed.discover
    while (!signal.aborted) {
      const answer = await resolveSource(this.#resolver, followed)
      if (signal.aborted) return
      this.#answered(name, followed, answer)
      const pauseMs = everyMs * (1 - spread * Math.random())
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  #answered(name: string, followed: Followed, answer: SourceAnswer): void {
    const { log, now, onChange } = this.#deps
    const before = followed.state.trouble?.reason ?? null
    const { source, joined, left } = sourceAnswered(followed.state, answer, now())
    followed.state = source
    const nodes = source.addresses.length
    const reason = source.trouble?.reason ?? null
    if (reason !== before && reason !== null)
      log.warn({ source: name, reason, nodes }, 'DNS answer not followed: the nodes known last stay')
    if (reason === null && before !== null) log.info({ source: name, nodes }, 'DNS answers again')
    if (joined.length + left.length === 0) return
    log.info(
      { source: name, nodes, joined: joined.map(addressText), left: left.map(addressText) },
      'nodes changed in DNS',
    )
    onChange()
  }
}
