import { z } from 'zod'
import type { NodeProcess, SleepLevel } from '../node-process.ts'
import { badRequest } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { readBody } from './read-body.ts'
import type { Route, Routes } from './routes.ts'
import { sendEmpty, sendJson, sendRefusal } from './send-json.ts'

const modes = ['abort', 'wait', 'keep'] as const

/** What `VLLM_SERVER_DEV_MODE` adds: sleep, pause, caches and aborts. A gateway must never pass these on. */
export const devRoutes = (process: NodeProcess): Routes => {
  const reset: Route = ({ response, query }) => {
    const preemptRunning = query.get('reset_running_requests') === 'true'
    sendJson(response, 200, { success: process.engine.resetPrefixCache({ preemptRunning }) })
  }
  const nothing: Route = ({ response }) => sendEmpty(response, 200)
  return {
    '/sleep': {
      POST: async ({ response, query, profile }) => {
        const level = Number(query.get('level') ?? '1')
        const mode = modeOf(query)
        if (![0, 1, 2].includes(level))
          return sendRefusal(response, badRequest(`There is no sleep level ${level}.`), profile)
        if (typeof mode === 'object') return sendRefusal(response, mode, profile)
        await process.sleep(level as SleepLevel, mode)
        sendEmpty(response, 200)
      },
    },
    '/wake_up': {
      POST: ({ response, query }) => {
        // Weights alone do not let it answer again.
        const tags = query.getAll('tags')
        if (tags.length === 0 || tags.includes('kv_cache')) process.resume()
        sendEmpty(response, 200)
      },
    },
    '/is_sleeping': {
      GET: ({ response }) => sendJson(response, 200, { is_sleeping: process.sleepLevel !== undefined }),
    },
    '/pause': {
      POST: async ({ response, query, profile }) => {
        const mode = modeOf(query)
        if (typeof mode === 'object') return sendRefusal(response, mode, profile)
        await process.pause(mode)
        sendJson(response, 200, { status: 'paused' })
      },
    },
    '/resume': {
      POST: ({ response }) => {
        process.resume()
        sendJson(response, 200, { status: 'resumed' })
      },
    },
    '/is_paused': { GET: ({ response }) => sendJson(response, 200, { is_paused: process.engine.paused }) },
    '/reset_prefix_cache': { POST: reset },
    '/reset_mm_cache': { POST: nothing },
    '/reset_encoder_cache': { POST: nothing },
    '/abort_requests': {
      POST: async ({ message, response, profile }) => {
        const body = await readBody(message, z.object({ request_ids: z.array(z.string()) }))
        if (body.kind === 'refused') return sendRefusal(response, body, profile)
        process.inference.abort(body.value.request_ids)
        sendEmpty(response, 200)
      },
    },
  }
}

const modeOf = (query: URLSearchParams): (typeof modes)[number] | Refusal => {
  const named = query.get('mode') ?? 'abort'
  return modes.find((mode) => mode === named) ?? badRequest(`mode must be one of ${modes.join(', ')}, not ${named}.`)
}
