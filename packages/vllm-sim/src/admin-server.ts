import type { ServerResponse } from 'node:http'
import { ZodError, z } from 'zod'
import { Fault } from './faults/fault.ts'
import type { FaultBook } from './faults/fault-book.ts'
import type { Handle } from './http/http-listener.ts'
import { readJson } from './http/read-json.ts'
import { sendJson } from './http/send-json.ts'
import type { NodeSettings } from './node-settings.ts'
import type { RequestLog } from './request-log.ts'

export interface AdminDependencies {
  readonly log: RequestLog
  readonly faults: FaultBook
  readonly settings: () => NodeSettings
  /** Throws ZodError for a bad change. */
  readonly configure: (change: unknown) => void
}

const count = z.int().min(1).default(1)

/**
 * The node's own port for tests: `GET /requests`, `GET /totals`, `GET|POST /settings`, and `/fault`, where GET lists, POST
 * `{kind, …, count}` arms one for the next `count` requests and DELETE disarms all. It is apart from the data port, which stays vLLM's.
 */
export const adminHandler =
  ({ log, faults, settings, configure }: AdminDependencies): Handle =>
  async (message, response) => {
    switch (`${message.method} ${message.url}`) {
      case 'GET /requests':
        return sendJson(response, 200, log.requests())
      case 'GET /totals':
        return sendJson(response, 200, log.totals())
      case 'GET /settings':
        return sendJson(response, 200, settings())
      case 'GET /fault':
        return sendJson(response, 200, faults.armed())
      case 'DELETE /fault':
        faults.disarmAll()
        return sendJson(response, 200, faults.armed())
      case 'POST /settings': {
        const body = await readJson(message)
        return answer(response, () => {
          configure(body.kind === 'json' ? body.value : undefined)
          return settings()
        })
      }
      case 'POST /fault': {
        const body = await readJson(message)
        return answer(response, () => {
          const { count: times, ...fault } = z
            .looseObject({ count })
            .parse(body.kind === 'json' ? body.value : undefined)
          faults.arm(Fault.parse(fault), times)
          return faults.armed()
        })
      }
      default:
        return sendJson(response, 404, { error: 'no such admin route' })
    }
  }

const answer = (response: ServerResponse, act: () => unknown): void => {
  try {
    sendJson(response, 200, act())
  } catch (error) {
    if (!(error instanceof ZodError)) throw error
    sendJson(response, 400, {
      error: error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
    })
  }
}
