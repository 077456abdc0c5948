import { readFileSync } from 'node:fs'
import type { Environment } from './environment.ts'

/** Resolves `env:NAME` and `file:/path`. Throws an error that names the reference, never the secret. */
export const credentialReader =
  (environment: Environment) =>
  (reference: string): string => {
    const [scheme, ...rest] = reference.split(':')
    const target = rest.join(':')
    if (scheme === 'env') {
      const value = environment[target]
      if (value === undefined || value === '') throw new Error(`credential ${reference}: the variable is not set`)
      return value
    }
    try {
      return readFileSync(target, 'utf8').trim()
    } catch (cause) {
      throw new Error(`credential ${reference}: the file cannot be read`, { cause })
    }
  }
