import type { ServerResponse } from 'node:http'
import { ZodError } from 'zod'
import type { z } from 'zod'
import { FaultRule, faultKinds } from './faults/fault.ts'
import type { FaultBook } from './faults/fault-book.ts'
import type { Handle } from './http/http-listener.ts'
import { readJson } from './http/read-json.ts'
import { sendJson } from './http/send-json.ts'
import type { NodeLife } from './node-life.ts'
import type { NodeSettings } from './node-settings.ts'
import { profileNames } from './profiles/version-profile.ts'
import type { RequestLog } from './request-log.ts'

export interface AdminDependencies {
  readonly log: RequestLog
  readonly faults: FaultBook
  readonly settings: () => NodeSettings
  /** Throws ZodError for a bad change. */
  readonly configure: (change: unknown) => void
  readonly life: NodeLife
}

const routes = {
  'GET /requests': 'what truly happened to the latest requests; ?id= for one',
  'GET /totals': 'counts over all requests',
  'GET /engine': 'load and counters of the engine',
  'GET /settings': 'settings of the node',
  'POST /settings': 'changes some of them',
  'GET /fault': 'armed faults',
  'POST /fault': 'arms one: {kind, …}',
  'DELETE /fault': 'disarms all, or ?id=',
}

/** The node's own port for tests and operators. It is apart from the data port, which stays vLLM's. */
export const adminHandler =
  ({ log, faults, settings, configure, life }: AdminDependencies): Handle =>
  async (message, response) => {
    const { pathname, searchParams } = new URL(message.url ?? '/', 'http://node')
    const id = searchParams.get('id')
    switch (`${message.method} ${pathname}`) {
      case 'GET /requests':
        return sendJson(
          response,
          200,
          log.requests().filter((request) => id === null || request.id === id),
        )
      case 'GET /totals':
        return sendJson(response, 200, log.totals())
      case 'GET /engine': {
        const { engine } = life.process
        return sendJson(response, 200, { load: engine.load(), counters: engine.counters(), paused: engine.paused })
      }
      case 'GET /settings':
        return sendJson(response, 200, settings())
      case 'GET /fault':
        return sendJson(response, 200, faults.armed())
      case 'DELETE /fault':
        if (!faults.disarm(id === null ? undefined : Number(id)) && id !== null)
          return sendJson(response, 404, { error: `no fault with id ${id} is armed` })
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
          faults.arm(FaultRule.parse(body.kind === 'json' ? body.value : undefined))
          return faults.armed()
        })
      }
      default:
        return sendJson(response, 404, {
          error: 'no such admin route',
          routes,
          faults: faultKinds,
          profiles: profileNames,
        })
    }
  }

const answer = (response: ServerResponse, act: () => unknown): void => {
  try {
    sendJson(response, 200, act())
  } catch (error) {
    if (!(error instanceof ZodError)) throw error
    sendJson(response, 400, { error: error.issues.map(sentence).join('; ') })
  }
}

/** An unknown kind of fault is told what exists. */
const sentence = (issue: z.core.$ZodIssue): string => {
  const known = issue.code === 'invalid_union' ? ` (one of ${faultKinds.join(', ')})` : ''
  return `${issue.path.join('.') || 'body'}: ${issue.message}${known}`
}
