import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Asked, Dialect } from '../dialects/dialect.ts'
import { inOwnWords } from '../dialects/translated.ts'
import type { Engine } from '../engine.ts'
import type { FaultBook } from '../faults/fault-book.ts'
import type { FaultRule, NodeFault } from '../faults/fault.ts'
import { tamperWrites } from '../faults/tampered-writes.ts'
import { StreamFaultPlayer } from '../faults/stream-fault-player.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import type { NodeSettings } from '../node-settings.ts'
import { createAnswer } from '../openai/answer.ts'
import { planAnswer } from '../openai/answer-plan.ts'
import type { AnswerPlan } from '../openai/answer-plan.ts'
import { engineDied, internalFailure, overloaded, refusal, unknownModel, unsupportedTask } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { outputTokensWanted } from '../openai/request.ts'
import type { InferenceRequest } from '../openai/request.ts'
import { versionProfiles } from '../profiles/version-profile.ts'
import type { RequestLog } from '../request-log.ts'
import type { ServedModel, ServedModels } from '../served-models.ts'
import { InferenceRun } from './inference-run.ts'
import type { Reply } from './reply.ts'
import { replyDetail } from './reply-detail.ts'
import { sendJson, sendRefusal } from './send-json.ts'
import { StreamedReply } from './streamed-reply.ts'
import type { TokenOutlet } from './token-outlet.ts'
import { UsageMeter } from './usage-meter.ts'
import { WholeReply } from './whole-reply.ts'

export interface InferenceDependencies {
  readonly clock: Clock
  readonly engine: Engine
  readonly faults: FaultBook
  readonly metrics: NodeMetrics
  readonly log: RequestLog
  readonly models: ServedModels
  readonly outlet: TokenOutlet
  /** A fault of the whole node came with a request. */
  readonly onNodeFault: (fault: NodeFault) => void
  /** Read at each request: they can change while the node runs. */
  readonly settings: () => NodeSettings
}

/** Serves what asks for answers, in any dialect, and knows the ones under way. */
export class InferenceRoute {
  readonly #dependencies: InferenceDependencies
  readonly #runs = new Set<InferenceRun>()
  #stopping = false
  #dead = false
  #onSettled: (() => void)[] = []

  constructor(dependencies: InferenceDependencies) {
    this.#dependencies = dependencies
  }

  get inFlight(): number {
    return this.#runs.size
  }

  /** Runs once no request is under way. */
  async idle(): Promise<void> {
    while (this.#runs.size > 0) await new Promise<void>((resolve) => this.#onSettled.push(resolve))
  }

  /** Every request from here on fails at once: the engine is dead. */
  die(): void {
    this.#dead = true
  }

  /** Ends the answers under way that belong to these ids with `abort`. */
  abort(ids: readonly string[]): void {
    for (const run of this.#runs) if (ids.includes(run.id)) run.abort()
  }

  /** Every later answer ends at once, with `abort`. */
  takeNoMore(): void {
    this.#stopping = true
  }

  /** Ends every answer under way, and every later one at once, with `abort`. */
  abortAll(): void {
    this.#stopping = true
    for (const run of this.#runs) run.abort()
  }

  discardAll(): void {
    for (const run of this.#runs) run.discard()
  }

  async handle(message: IncomingMessage, response: ServerResponse, dialect: Dialect): Promise<void> {
    const arrivedAt = this.#dependencies.clock.nowMs()
    const settings = this.#dependencies.settings()
    const profile = versionProfiles[settings.profile]
    const refuse = (why: Refusal): void =>
      dialect.errorBody === undefined
        ? sendRefusal(response, why, profile)
        : sendJson(response, why.status, dialect.errorBody(why, profile))
    if (settings.task === 'embed') return refuse(unsupportedTask(profile, dialect.task))
    const asked = await dialect.read(message)
    if (asked.kind === 'refused') return refuse(asked)
    const { request } = asked
    const model = this.#dependencies.models.find(request.body.model)
    if (model === undefined) return refuse(unknownModel(request.body.model ?? ''))
    const plan = planAnswer(request, settings)
    if (plan.kind === 'refused') return refuse(inOwnWords(plan, dialect.names))
    const full = this.#full(plan, settings)
    if (full !== undefined) return refuse(full)

    const id = requestId(message, request)
    const fault = this.#dependencies.faults.take({
      path: new URL(message.url ?? '/', 'http://node').pathname,
      id,
      model: request.body.model ?? model.name,
      text: () => JSON.stringify(request.body),
      stream: request.body.stream === true,
    })
    if (fault !== undefined && answersAtOnce(fault, response, refuse)) return
    if (response.destroyed) return
    if (this.#dead) return refuse(engineDied)
    this.#start({ message, response, request, reply: asked.reply, plan, model, arrivedAt, id, fault })
  }

  /** Admission limits of the releases that have them. */
  #full({ choices, prompts }: AnswerPlan, settings: NodeSettings): Refusal | undefined {
    if (!versionProfiles[settings.profile].admissionLimits) return undefined
    const { queuedRequestsMax, queuedTokensMax } = settings
    let requests = choices.length
    let tokens = prompts.reduce((sum, prompt) => sum + prompt.tokens, 0)
    for (const run of this.#runs) {
      requests += run.choices
      tokens += run.tokensBeforePrefill
    }
    const reason =
      queuedRequestsMax !== null && requests > queuedRequestsMax
        ? 'num_queued_reqs'
        : queuedTokensMax !== null && tokens > queuedTokensMax
          ? 'num_queued_tokens'
          : undefined
    if (reason === undefined) return undefined
    this.#dependencies.metrics.rejected(reason)
    return overloaded(atLimit)
  }

  #start(call: Call): void {
    const { message, response, request, plan, model, arrivedAt, id, fault } = call
    const packing =
      fault?.kind === 'one_byte' || fault?.kind === 'split_utf8' || fault?.kind === 'burst' ? fault.kind : undefined
    if (packing !== undefined) tamperWrites(response, packing)
    const { clock, engine, metrics, log, settings } = this.#dependencies
    const { body } = request
    const samples = body.n ?? 1
    const promptTokens = plan.choices.map((choice) => choice.prompt.tokens)
    const { promptTokensDetails, reasoningTokens } = settings()
    const usage = new UsageMeter(
      { promptTokens, samples },
      { cachedTokens: promptTokensDetails, reasoningTokens: request.endpoint === 'chat' && reasoningTokens > 0 },
      () => run.cachedTokens,
    )
    const priority = priorityOf(message, request)
    const facts = {
      priority,
      lora: model.lora,
      cacheSalt: body.cache_salt ?? undefined,
      ignoresPrefixCache: body.prompt_logprobs != null,
    }
    const run = new InferenceRun(
      {
        answers: plan.choices.map((choice) => ({
          answer: createAnswer(choice, model.name),
          facts: { ...facts, prompt: choice.prompt.bytes, promptTokens: choice.prompt.tokens },
        })),
        reply: this.#reply(call, usage),
        usage,
        response,
        request: log.open({
          id,
          endpoint: request.endpoint,
          arrivedAt,
          promptTokens: plan.prompts.reduce((sum, prompt) => sum + prompt.tokens, 0),
          choices: plan.choices.length,
          model: body.model ?? model.name,
          cacheSalt: body.cache_salt ?? null,
          priority,
        }),
        fault: fault !== undefined && 'afterTokens' in fault ? new StreamFaultPlayer(fault) : undefined,
        onNodeFault: this.#dependencies.onNodeFault,
        ignoresClient: () => this.#dependencies.faults.active('half_open') !== undefined,
        outputTokensMax: outputTokensWanted(request),
        samples,
        onSettled: (settled) => {
          this.#runs.delete(settled)
          for (const resolve of this.#onSettled.splice(0)) resolve()
        },
      },
      { clock, engine, metrics },
    )
    this.#runs.add(run)
    run.start()
    if (this.#stopping) run.abort()
  }

  #reply(call: Call, usage: UsageMeter): Reply {
    const { message, response, request } = call
    const { body } = request
    const settings = this.#dependencies.settings()
    const detail = replyDetail(call, {
      settings,
      usage,
      load: () => this.#dependencies.engine.load(),
      outlet: this.#dependencies.outlet,
      headers: message.headers,
    })
    if (call.reply !== undefined) return call.reply(response, detail)
    if (body.stream !== true) return new WholeReply(response, detail)
    const includeUsage = settings.forceIncludeUsage || body.stream_options?.include_usage === true
    const continuousUsage =
      settings.forceIncludeUsage || (includeUsage && body.stream_options?.continuous_usage_stats === true)
    const interval = body.stream_interval ?? settings.streamInterval
    return new StreamedReply(response, { includeUsage, continuousUsage, interval }, detail)
  }
}

/** A valid request on its way to the engine. */
export interface Call {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly request: InferenceRequest
  readonly reply: Asked['reply'] | undefined
  readonly plan: AnswerPlan
  readonly model: ServedModel
  /** Epoch ms. */
  readonly arrivedAt: number
  readonly id: string
  readonly fault: FaultRule | undefined
}

/** Acts out a fault that comes instead of an answer. Returns whether it was one. */
const answersAtOnce = (fault: FaultRule, response: ServerResponse, refuse: (why: Refusal) => void): boolean => {
  const refused = refusalOf(fault)
  if (refused !== undefined) refuse(refused)
  else if (fault.kind === 'redirect')
    response.writeHead(fault.status, { location: fault.location, 'content-length': 0 }).end()
  else return false
  return true
}

const refusalOf = (fault: FaultRule): Refusal | undefined => {
  if (fault.kind === 'http_500') return internalFailure('The engine failed.')
  if (fault.kind === 'http_503') return overloaded('Too many requests are queued.')
  if (fault.kind === 'http_503_admission') return overloaded(atLimit)
  return fault.kind === 'http_status' ? refusal(fault.status, 'InjectedError', fault.message) : undefined
}

const atLimit = 'The server is at its limit of queued requests. Try again later.'

const requestId = (message: IncomingMessage, { body }: InferenceRequest): string => {
  const header = message.headers['x-request-id']
  return (typeof header === 'string' && header !== '' ? header : body.request_id) ?? randomUUID().replaceAll('-', '')
}

/** The header wins over the field. */
const priorityOf = (message: IncomingMessage, { body }: InferenceRequest): number => {
  const header = message.headers['x-vllm-priority']
  return typeof header === 'string' && /^-?\d+$/.test(header) ? Number(header) : (body.priority ?? 0)
}
