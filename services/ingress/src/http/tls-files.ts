import { readFileSync } from 'node:fs'
import type { SecureContextOptions } from 'node:tls'
import { EnvironmentError } from '@penstock/runtime'
import type { Logger } from '@penstock/runtime'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
}

/** How often the files are looked at, ms: a renewed certificate is in use within a minute. */
const lookEveryMs = 30_000

/** Certificate and key of the API listener. Throws EnvironmentError for a file that cannot be read. */
export const readTls = ({ certFile, keyFile }: TlsFiles): TlsMaterial => ({
  cert: read('PENSTOCK_TLS_CERT_FILE', certFile),
  key: read('PENSTOCK_TLS_KEY_FILE', keyFile),
})

/** Keeps a server's certificate that of the files. One that does not fit its key changes nothing but the log. */
export const followTls = (
  files: TlsFiles,
  server: { setSecureContext(options: SecureContextOptions): void },
  log: Pick<Logger, 'info' | 'warn'>,
  { everyMs = lookEveryMs } = {},
): Disposable => {
  let current = readTls(files)
  const look = (): void => {
    try {
      const found = readTls(files)
      if (found.cert.equals(current.cert) && found.key.equals(current.key)) return
      server.setSecureContext({ ...found })
      current = found
      log.info({}, 'a new TLS certificate is in use')
    } catch (error) {
      log.warn({ err: error }, 'the TLS files are unfit: the certificate stays')
    }
  }
  const timer = setInterval(look, everyMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const read = (name: string, file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new EnvironmentError([
      `${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
    ])
  }
}
