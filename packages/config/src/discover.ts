import { z } from 'zod'

const ServiceName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/i,
    'must be a name in DNS, _http._tcp.coder.gpu.svc.cluster.local for instance',
  )

/** Where nodes may be; absent: anywhere but loopback, link-local, multicast, unspecified and cloud metadata addresses. */
export const Networks = z
  .array(z.union([z.cidrv4(), z.cidrv6()], 'must be a network, 10.0.0.0/8 for instance'))
  .min(1)
  .max(64)

const everywhere = {
  /** Between two questions, ms. A change is followed within this time and what name servers keep an answer for. */
  everyMs: z.int().min(100).max(3_600_000).default(5000),
  networks: Networks.optional(),
}

/**
 * The entry stands for every node that a name in DNS names, with the entry's settings. `dns-address`: the host of its URL, by its A records,
 * or AAAA where it has no A; the port is the URL's. `dns-srv`: the SRV records of `service`, each target with its own port.
 */
export const Discover = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dns-address'), ...everywhere }),
  z.strictObject({ kind: z.literal('dns-srv'), service: ServiceName, ...everywhere }),
])
export type DiscoverConfig = z.output<typeof Discover>
