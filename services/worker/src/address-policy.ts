import { BlockList, isIPv6 } from 'node:net'

/** Says whether a connection may go to an address. */
export type AddressPolicy = (ip: string) => boolean

/**
 * Addresses that a name may not lead to unless the configuration says so: nobody, this machine, its link, everybody, and where clouds keep
 * the secrets of their machines (AWS, Azure, Alibaba, Oracle; the others use the link).
 */
const nowhere = [
  '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 ::/127 fe80::/10 ff00::/8',
  'fd00:ec2::254/128 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32',
].flatMap((networks) => networks.split(' '))

export const familyOf = (ip: string): 4 | 6 => (isIPv6(ip) ? 6 : 4)

const listOf = (networks: readonly string[]): AddressPolicy => {
  const list = new BlockList()
  for (const network of networks) {
    const [ip = '', bits = ''] = network.split('/')
    list.addSubnet(ip, Number(bits), `ipv${familyOf(ip)}`)
  }
  return (ip) => list.check(ip, `ipv${familyOf(ip)}`)
}

const isNowhere = listOf(nowhere)

/** Where names of the configuration may lead: into its networks only, or anywhere but nowhere when it names none. */
export const addressPolicy = (networks: readonly string[] | undefined): AddressPolicy =>
  networks === undefined ? (ip) => !isNowhere(ip) : listOf(networks)
