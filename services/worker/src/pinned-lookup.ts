import { isIPv6 } from 'node:net'
import type { LookupFunction } from 'node:net'
import type { NodeAddress } from '@penstock/scheduling'

/**
 * How a connection to a node finds its address. One that discovery vetted is used as it is: the host name stays in the request and in
 * the certificate check, and DNS is not asked again, so nothing can be slipped in between.
 */
export const pinnedLookup = (address: NodeAddress | null): { lookup?: LookupFunction } => {
  if (address === null) return {}
  const { ip } = address
  const family = isIPv6(ip) ? 6 : 4
  return {
    lookup: (_hostname, options, found) => {
      if (options.all === true) found(null, [{ address: ip, family }])
      else found(null, ip, family)
    },
  }
}
