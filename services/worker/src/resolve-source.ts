import type { Resolver } from 'node:dns/promises'
import type { DiscoverConfig } from '@penstock/config'
import { sourceNodesMax } from '@penstock/scheduling'
import type { NodeAddress, SourceAnswer } from '@penstock/scheduling'
import { addressPolicy } from './address-policy.ts'

/** What to ask of DNS, from a node's entry in the configuration. */
export interface SourceQuestion {
  readonly url: string
  readonly discover: DiscoverConfig
}

/**
 * Asks DNS once which nodes a name stands for. Names are asked as they are, without the machine's search domains, and nothing is
 * cached. Never throws: what goes wrong is an answer.
 */
export const resolveSource = async (resolver: Resolver, question: SourceQuestion): Promise<SourceAnswer> => {
  try {
    return within(await addressesOf(resolver, question), question.discover.networks)
  } catch (error) {
    const { code, hostname, message } = error as NodeJS.ErrnoException & { hostname?: string }
    return { kind: 'failed', reason: code === undefined ? message : `${code} for ${hostname ?? 'a name'}` }
  }
}

const addressesOf = async (resolver: Resolver, { url, discover }: SourceQuestion): Promise<NodeAddress[]> => {
  const { hostname, port, protocol } = new URL(url)
  if (discover.kind === 'dns-address') {
    const at = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
    return (await addressRecords(resolver, hostname)).map((ip) => ({ ip, port: at }))
  }
  const records = await orNone(resolver.resolveSrv(discover.service))
  if (records.length > sourceNodesMax)
    throw new Error(`the answer names ${records.length} targets, more than ${sourceNodesMax}`)
  const targets = await Promise.all(
    records.map(async ({ name, port: at }) => (await addressRecords(resolver, name)).map((ip) => ({ ip, port: at }))),
  )
  return targets.flat()
}

/** A host with both kinds of address is one node: IPv4 where there is any. */
const addressRecords = async (resolver: Resolver, name: string): Promise<string[]> => {
  const four = await orNone(resolver.resolve4(name))
  return four.length > 0 ? four : orNone(resolver.resolve6(name))
}

/** A name without such records is an answer; a name server that fails is none. */
const orNone = async <T>(asked: Promise<T[]>): Promise<T[]> => {
  try {
    return await asked
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENODATA' || code === 'ENOTFOUND') return []
    throw error
  }
}

const within = (addresses: readonly NodeAddress[], networks: readonly string[] | undefined): SourceAnswer => {
  const policy = addressPolicy(networks)
  const isAllowed = ({ ip }: NodeAddress): boolean => policy(ip)
  const refused = addresses.filter((address) => !isAllowed(address))
  return {
    kind: 'addresses',
    addresses: addresses.filter(isAllowed),
    leftOut:
      refused.length === 0
        ? null
        : `left out ${refused.length} of ${addresses.length} addresses that are not in its networks, ${refused[0]?.ip} first`,
  }
}
