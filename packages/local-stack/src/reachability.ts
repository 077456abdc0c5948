import { once } from 'node:events'
import { connect } from 'node:net'

const connectTimeoutMs = 2000

const withoutCredentials = (url: URL): string => `${url.protocol}//${url.host}`

/**
 * Throws one line unless something accepts connections at one of the comma-separated URLs. Credentials in them are never shown.
 * `what`: the name of the server for people, `variable`: what the URL came from.
 */
export const requireReachable = async (
  what: string,
  urls: string,
  variable: string,
  defaultPort: number,
): Promise<void> => {
  const reasons: string[] = []
  let cause: unknown
  for (const text of urls.split(',').map((part) => part.trim())) {
    const url = URL.parse(text.includes('://') ? text : `tcp://${text}`)
    if (url === null || url.hostname === '')
      throw new Error(`${variable} is not a URL, or a list of URLs with commas between`)
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutMs) })
      return
    } catch (error) {
      cause = error
      const timedOut = (error as Error).name === 'AbortError'
      reasons.push(
        `${withoutCredentials(url)}: ${timedOut ? `no answer within ${connectTimeoutMs} ms` : reasonOf(error as Error)}`,
      )
    } finally {
      socket.on('error', () => socket.destroy()).destroy()
    }
  }
  throw new Error(`cannot reach ${what} at ${reasons.join('; ')} (${variable})`, { cause })
}

/** A name with several addresses fails with one error per address and an empty message. */
const reasonOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map((each) => (each as Error).message).join(', ') : error.message
