import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine.ts'
import type { FaultBook } from '../faults/fault-book.ts'
import { StreamFaultPlayer } from '../faults/stream-fault-player.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import { createAnswer } from '../openai/answer.ts'
import { planAnswer } from '../openai/answer-plan.ts'
import type { AnswerPlan, AnswerRules } from '../openai/answer-plan.ts'
import { internalFailure, overloaded, unknownModel } from '../openai/refusal.ts'
import type { Endpoint, InferenceRequest } from '../openai/request.ts'
import type { RequestLog } from '../request-log.ts'
import { encodeTokens } from '../text/tokenizer.ts'
import type { ReplyHead } from './chunk-format.ts'
import { InferenceRun } from './inference-run.ts'
import { parseInference } from './parse-inference.ts'
import type { Reply } from './reply.ts'
import { sendRefusal } from './send-json.ts'
import { StreamedReply } from './streamed-reply.ts'
import { WholeReply } from './whole-reply.ts'

export interface InferenceDependencies {
  readonly clock: Clock
  readonly engine: Engine
  readonly faults: FaultBook
  readonly metrics: NodeMetrics
  readonly log: RequestLog
  /** Read at each request: they can change while the node runs. */
  readonly rules: () => AnswerRules
}

/** Serves chat and completion calls, and knows the ones under way. */
export class InferenceRoute {
  readonly #models: readonly [string, ...string[]]
  readonly #dependencies: InferenceDependencies
  readonly #runs = new Set<InferenceRun>()
  #stopping = false

  /** `models`: names it answers to; the first seeds the text and stands in every answer. */
  constructor(models: readonly [string, ...string[]], dependencies: InferenceDependencies) {
    this.#models = models
    this.#dependencies = dependencies
  }

  get inFlight(): number {
    return this.#runs.size
  }

  /** Ends every answer under way, and every later one at once, with `abort`. */
  abortAll(): void {
    this.#stopping = true
    for (const run of this.#runs) run.abort()
  }

  discardAll(): void {
    for (const run of this.#runs) run.discard()
  }

  async handle(message: IncomingMessage, response: ServerResponse, endpoint: Endpoint): Promise<void> {
    const arrivedAt = this.#dependencies.clock.nowMs()
    const request = await parseInference(message, endpoint)
    if ('kind' in request) return sendRefusal(response, request)
    const { model } = request.body
    if (model != null && !this.#models.includes(model)) return sendRefusal(response, unknownModel(model))
    const plan = planAnswer(request, this.#dependencies.rules())
    if (plan.kind === 'refused') return sendRefusal(response, plan)

    const fault = this.#dependencies.faults.take()
    if (fault?.kind === 'http_500') return sendRefusal(response, internalFailure('The engine failed.'))
    if (fault?.kind === 'http_503') return sendRefusal(response, overloaded('Too many requests are queued.'))
    const player = fault === undefined ? undefined : new StreamFaultPlayer(fault)
    this.#start(message, response, request, plan, player, arrivedAt)
  }

  #start(
    message: IncomingMessage,
    response: ServerResponse,
    request: InferenceRequest,
    plan: AnswerPlan,
    fault: StreamFaultPlayer | undefined,
    arrivedAt: number,
  ): void {
    if (response.destroyed) return
    const { clock, engine, metrics, log } = this.#dependencies
    const { promptTokens } = plan
    const id = requestId(message, request)
    const run = new InferenceRun(
      {
        promptTokens,
        answer: createAnswer(plan, this.#models[0]),
        reply: this.#reply(response, request, plan, id, arrivedAt),
        response,
        request: log.open({ id, endpoint: request.endpoint, arrivedAt, promptTokens }),
        fault,
        onSettled: (settled) => this.#runs.delete(settled),
      },
      { clock, engine, metrics },
    )
    this.#runs.add(run)
    run.start()
    if (this.#stopping) run.abort()
  }

  #reply(response: ServerResponse, request: InferenceRequest, plan: AnswerPlan, id: string, arrivedAt: number): Reply {
    const { endpoint, body } = request
    const head: ReplyHead = {
      endpoint,
      id: `${endpoint === 'chat' ? 'chatcmpl' : 'cmpl'}-${id}`,
      created: Math.floor(arrivedAt / 1000),
      model: this.#models[0],
      role: answeringRole(request),
    }
    const promptTokenIds = body.return_token_ids === true ? encodeTokens(plan.prompt) : null
    const detail = { promptTokens: plan.promptTokens, promptTokenIds }
    if (body.stream !== true) return new WholeReply(response, head, detail)
    const includeUsage = body.stream_options?.include_usage === true
    const continuousUsage = includeUsage && body.stream_options?.continuous_usage_stats === true
    return new StreamedReply(response, head, { includeUsage, continuousUsage }, detail)
  }
}

const requestId = (message: IncomingMessage, { body }: InferenceRequest): string => {
  const header = message.headers['x-request-id']
  return (typeof header === 'string' && header !== '' ? header : body.request_id) ?? randomUUID().replaceAll('-', '')
}

const answeringRole = (request: InferenceRequest): string =>
  request.endpoint === 'chat' && request.body.continue_final_message
    ? (request.body.messages.at(-1)?.role ?? 'assistant')
    : 'assistant'
