import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'

export interface Readiness {
  readonly ready: boolean
  /** What is missing, for people; empty when ready. */
  readonly reasons: readonly string[]
  /** What is not as it should be, while requests are served all the same. */
  readonly warnings: readonly string[]
  /** What the configuration sends to a vendor's gateway. */
  readonly leavesDomain: readonly { readonly feature: string; readonly gateway: string }[]
}

/** `GET /monitoring/healthz`: the process answers; it depends on nothing. */
export const healthz: Handler = () => jsonAnswer(200, { status: 'ok' })

/** `GET /monitoring/ready`: 503 while requests should go elsewhere. */
export const ready =
  (readiness: () => Readiness): Handler =>
  () => {
    const { ready: isReady, reasons, warnings, leavesDomain } = readiness()
    const leaving = leavesDomain.length === 0 ? {} : { leaves_domain: leavesDomain }
    const warned = warnings.length === 0 ? {} : { warnings }
    return isReady
      ? jsonAnswer(200, { status: 'ready', ...warned, ...leaving })
      : jsonAnswer(503, { status: 'not ready', reasons, ...warned, ...leaving })
  }
