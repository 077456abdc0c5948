import { isRecord } from '@penstock/models'
import type { NodeTrouble } from '../../core/judge-failure.ts'

/** Statuses of exceptions that come inside a stream, where there is no HTTP status any more. */
const streamStatuses: Readonly<Record<string, number>> = {
  ThrottlingException: 429,
  ServiceUnavailableException: 503,
  ValidationException: 400,
  InternalServerException: 500,
}

/** What an error of the SDK means. `begun`: parts of the answer had come, so nothing can be refused any more. */
export function judgeBedrockError(error: unknown, begun: boolean): NodeTrouble {
  const { name, message, $metadata: metadata, $response: response } = isRecord(error) ? error : {}
  const said = String(name)
  if (begun) return { kind: 'broken', reason: said }
  // No credential was found, or it cannot be had: the call was never made.
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(said)) return status(401, null)
  const answered = isRecord(metadata) && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null
  const code = answered === 200 ? (streamStatuses[said] ?? null) : (answered ?? streamStatuses[said] ?? null)
  if (code !== null) return status(code, retryAfterMs(response), refusalOf(code, String(message)))
  return answered === null ? { kind: 'unreachable' } : { kind: 'broken', reason: said }
}

const status = (code: number, wait: number | null, refusal: 'context_overflow' | null = null): NodeTrouble => ({
  kind: 'status',
  // Time-outs and failures of a model are Bedrock's, not the client's.
  status: code === 408 || code === 424 ? 500 : code,
  retryAfterMs: wait,
  refusal,
})

const refusalOf = (code: number, message: string): 'context_overflow' | null =>
  code === 400 && /too long|too many (input )?tokens|context (window|limit)|maximum.{0,20}tokens/i.test(message)
    ? 'context_overflow'
    : null

const retryAfterMs = (response: unknown): number | null => {
  const headers = isRecord(response) && isRecord(response.headers) ? response.headers : {}
  const ms = Number(headers['retry-after'] ?? NaN) * 1000
  return ms >= 0 ? Math.min(Math.round(ms), 3_600_000) : null
}
