import type { NodeConfig } from '@penstock/config'
import { addressText } from '@penstock/scheduling'
import type { NodeAddress } from '@penstock/scheduling'

/** A node to drive: an entry of the configuration, or one of those that an entry stands for, with the entry's settings. */
export type NodeSpec = NodeConfig & {
  /** Name of the entry. */
  readonly source: string
  /** Where connections go, under the host name of `url`; null: where that name leads. */
  readonly address: NodeAddress | null
}

/** Every node of a document. Names are the same at every worker, so that what shares a prefix meets at one node. */
export const expandNodes = (
  entries: readonly NodeConfig[],
  addresses: ReadonlyMap<string, readonly NodeAddress[]>,
): NodeSpec[] =>
  entries.flatMap((entry): NodeSpec[] =>
    entry.discover === undefined
      ? [{ ...entry, source: entry.name, address: null }]
      : (addresses.get(entry.name) ?? []).map((address) => ({
          ...entry,
          name: `${entry.name}@${addressText(address)}`,
          url: withPort(entry.url, address.port),
          source: entry.name,
          address,
        })),
  )

const withPort = (text: string, port: number): string => {
  const url = new URL(text)
  url.port = String(port)
  return url.origin + url.pathname.replace(/\/+$/, '')
}
