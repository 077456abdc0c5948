import dns from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { NodeAddress } from '@penstock/scheduling'
import { addressPolicy, familyOf } from './address-policy.ts'

type LookupAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** Where connections to a node may go. */
export interface NodeReach {
  /** Vetted by discovery: connections go there, under the host name of the node's URL. Null: where that name leads. */
  readonly address: NodeAddress | null
  /** Networks in which that name must lead; absent: anywhere but to the machine itself, its link and the like. */
  readonly networks?: readonly string[] | undefined
  /** How names are looked up; the system's way when absent. */
  readonly lookup?: LookupAll
}

/** A name leads where no node may be. */
export class AddressRefused extends Error {
  constructor(hostname: string, addresses: readonly LookupAddress[]) {
    super(`${hostname} leads to ${addresses[0]?.address ?? 'no address'}, which is not in the networks of the node`)
    this.name = 'AddressRefused'
  }
}

/**
 * How a connection to a node finds its address. One that discovery vetted is used as it is: the host name stays in the request and in
 * the certificate check, and DNS is not asked again, so nothing can be slipped in between. Any other is judged here, at each connection, and
 * the connection goes to the address that was judged. An address that stands in the URL itself is the operator's and never asked about.
 */
export const nodeLookup = ({ address, networks, lookup = dns.lookup }: NodeReach): LookupFunction => {
  const isAllowed = addressPolicy(networks)
  return (hostname, options, found) => {
    const answer = (addresses: readonly LookupAddress[]): void => {
      const [first] = addresses
      if (options.all === true) found(null, [...addresses])
      else found(null, first?.address ?? '', first?.family)
    }
    if (address !== null) return answer([{ address: address.ip, family: familyOf(address.ip) }])
    const { family, hints, order } = options
    lookup(hostname, { ...definedOf({ family, hints, order }), all: true }, (error, addresses) => {
      if (error !== null) return found(error, '')
      const allowed = addresses.filter(({ address: ip }) => isAllowed(ip) || isOwnName(hostname, ip, networks))
      if (allowed.length === 0) return found(new AddressRefused(hostname, addresses), '')
      return answer(allowed)
    })
  }
}

/** `localhost` says outright that this machine is meant. */
const isOwnName = (hostname: string, ip: string, networks: readonly string[] | undefined): boolean =>
  networks === undefined && /^(.*\.)?localhost\.?$/i.test(hostname) && (ip.startsWith('127.') || ip === '::1')

const definedOf = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
