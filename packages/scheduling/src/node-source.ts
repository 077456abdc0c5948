/** Where a node answers. `ip` in its canonical spelling. */
export interface NodeAddress {
  readonly ip: string
  readonly port: number
}

/** What DNS said of a name. */
export type SourceAnswer =
  | {
      readonly kind: 'addresses'
      readonly addresses: readonly NodeAddress[]
      /** Why some of what it named is left out; null: nothing is. */
      readonly leftOut: string | null
    }
  | { readonly kind: 'failed'; readonly reason: string }

/** A name in DNS that stands for nodes, as one worker knows it. Instants are one monotonic clock, in ms. */
export interface NodeSource {
  /** In a fixed order, each once. */
  readonly addresses: readonly NodeAddress[]
  /** Why the last answer was not followed, or not wholly; null: it was. */
  readonly trouble: { readonly reason: string; readonly since: number } | null
}

/** What an answer changes. */
export interface SourceChange {
  readonly source: NodeSource
  readonly joined: readonly NodeAddress[]
  readonly left: readonly NodeAddress[]
}

export const unknownSource: NodeSource = { addresses: [], trouble: null }

/** More than any pool may list by hand: an answer beyond it is a mistake. */
export const sourceNodesMax = 1024

/**
 * Takes an answer into account. One that names nobody, or fails, changes nothing but the trouble: the nodes known last stay, since a
 * name server that restarts, or a name that was mistyped, must not stop a pool that works. Nodes that are really gone fail their
 * probes.
 */
export const sourceAnswered = (source: NodeSource, answer: SourceAnswer, now: number): SourceChange => {
  const troubled = (reason: string | null): NodeSource['trouble'] =>
    reason === null ? null : { reason, since: source.trouble?.since ?? now }
  const unchanged = (reason: string): SourceChange => ({
    source: { ...source, trouble: troubled(reason) },
    joined: [],
    left: [],
  })
  if (answer.kind === 'failed') return unchanged(answer.reason)
  const named = new Map(answer.addresses.map((address) => [addressText(address), address]))
  if (named.size === 0) return unchanged(answer.leftOut ?? 'the answer names no address')
  if (named.size > sourceNodesMax)
    return unchanged(`the answer names ${named.size} addresses, more than ${sourceNodesMax}`)
  const known = new Set(source.addresses.map(addressText))
  const order = [...named.keys()].toSorted()
  return {
    source: { addresses: order.map((text) => named.get(text)!), trouble: troubled(answer.leftOut) },
    joined: order.flatMap((text) => (known.has(text) ? [] : [named.get(text)!])),
    left: source.addresses.filter((address) => !named.has(addressText(address))),
  }
}

/** As in a URL: `10.0.0.5:8000`, `[fd00::5]:8000`. */
export const addressText = ({ ip, port }: NodeAddress): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
