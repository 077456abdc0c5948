import { readFileSync } from 'node:fs'
import { setGlobalProxyFromEnv } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { z } from 'zod'
import { EnvironmentError } from './environment.ts'

/** How connections to the outside are made: whom they trust besides the public authorities, and through which proxy they go. */
export const outgoingEnvironment = {
  /** Files of PEM certificates, in the names that GitLab's image has for them. */
  REQUESTS_CA_BUNDLE: z.string().optional(),
  SSL_CERT_FILE: z.string().optional(),
  HTTP_PROXY: z.string().optional(),
  HTTPS_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
}

const OutgoingEnvironment = z.object(outgoingEnvironment)
export type OutgoingEnvironment = z.infer<typeof OutgoingEnvironment>

/**
 * Makes the whole process trust further authorities and use the proxy. For `fetch` and Node's own clients; connections to nodes
 * trust the same authorities but never go through a proxy. Throws EnvironmentError for a file that cannot be read or holds no
 * certificate.
 */
export const applyOutgoing = (environment: OutgoingEnvironment): void => {
  const bundles = ['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'] as const
  const added = bundles.flatMap((name) => {
    const file = environment[name]
    return file === undefined ? [] : certificatesIn(name, file)
  })
  if (added.length > 0) setDefaultCACertificates([...new Set([...getCACertificates('default'), ...added])])
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY } = environment
  if (HTTP_PROXY !== undefined || HTTPS_PROXY !== undefined)
    setGlobalProxyFromEnv(
      Object.fromEntries(
        Object.entries({ HTTP_PROXY, HTTPS_PROXY, NO_PROXY }).filter(([, value]) => value !== undefined),
      ) as Record<string, string>,
    )
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const certificatesIn = (name: string, file: string): string[] => {
  try {
    const found = readFileSync(file, 'utf8').match(certificate)
    if (found !== null) return found
  } catch (error) {
    throw new EnvironmentError([
      `${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
    ])
  }
  throw new EnvironmentError([`${name}: ${file} holds no PEM certificate`])
}
