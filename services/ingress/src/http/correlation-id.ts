import { randomBytes } from 'node:crypto'

/** Visible ASCII: it goes back as a header and into every log line. */
const acceptable = /^[\x21-\x7e]{1,128}$/

/** The caller's `X-Request-ID`, or one of our own where it has none that can be passed on. */
export const correlationIdOf = (header: string | string[] | undefined): string =>
  typeof header === 'string' && acceptable.test(header) ? header : randomBytes(16).toString('hex')
