import type { Engine, EngineStep, SequenceTrace } from '../engine.ts'
import type { NodeSettings } from '../node-settings.ts'
import { versionProfiles } from '../profiles/version-profile.ts'
import { bucketBounds } from './bucket-bounds.ts'
import { Exposition } from './exposition.ts'
import { Histogram } from './histogram.ts'

/** Reasons vLLM counts; a finished tool call is a `stop` to its engine. */
const finishedReasons = ['stop', 'length', 'abort', 'error', 'repetition'] as const

/** What is known of an answer when it ends. */
export interface EndedAnswer {
  readonly finishReason: string
  readonly trace: SequenceTrace
  /** Epoch ms. */
  readonly endedAt: number
  readonly samples: number
  readonly outputTokensMax: number | null
}

/** What a scrape shows beside what was counted. */
export interface NodeState {
  readonly engine: Engine
  readonly settings: NodeSettings
  /** Undefined while awake. */
  readonly sleepLevel: 0 | 1 | 2 | undefined
  readonly hasAdapters: boolean
  /** Epoch seconds. */
  readonly now: number
}

/** The metrics of one process, under the names of the release it stands for. */
export class NodeMetrics {
  readonly #model: string
  readonly #startedAt: number
  readonly #histograms
  readonly #ended = new Map<string, number>(finishedReasons.map((reason) => [reason, 0]))
  readonly #rejected = new Map<string, number>()
  readonly #http = new Map<string, number>()
  #promptTokens = 0
  #cachedTokens = 0
  #generationTokens = 0

  /** `startedAt`: epoch seconds. */
  constructor(model: string, startedAt: number, settings: NodeSettings) {
    this.#model = model
    this.#startedAt = startedAt
    const bounds = bucketBounds(settings.modelLengthMax, versionProfiles[settings.profile].metrics.v0)
    const each = (of: readonly number[]): Histogram => new Histogram(of)
    this.#histograms = {
      firstToken: each(bounds.firstToken),
      tokenGap: each(bounds.tokenGap),
      tokenMean: each(bounds.tokenGap),
      endToEnd: each(bounds.request),
      queue: each(bounds.request),
      inference: each(bounds.request),
      prefill: each(bounds.request),
      decode: each(bounds.request),
      step: each(bounds.step),
      promptTokens: each(bounds.tokens),
      generationTokens: each(bounds.tokens),
      generationTokensMax: each(bounds.tokens),
      paramMaxTokens: each(bounds.tokens),
      computedPromptTokens: each(bounds.tokens),
      paramN: each(bounds.samples),
    }
  }

  /** `waitedMs` since the request arrived. */
  firstToken({ promptTokens, cachedTokens }: SequenceTrace, waitedMs: number): void {
    this.#promptTokens += promptTokens
    this.#cachedTokens += cachedTokens
    this.#generationTokens++
    this.#histograms.firstToken.observe(waitedMs / 1000)
  }

  furtherToken(gapMs: number): void {
    this.#generationTokens++
    this.#histograms.tokenGap.observe(gapMs / 1000)
  }

  stepped({ tokens }: EngineStep): void {
    this.#histograms.step.observe(tokens)
  }

  /** An answer ended by the node: clients that leave are not counted, as there. */
  answerEnded({ finishReason, trace, endedAt, samples, outputTokensMax }: EndedAnswer): void {
    const reason = finishReason === 'tool_calls' ? 'stop' : finishReason
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1)
    const admittedAt = trace.admittedAt ?? endedAt
    const firstTokenAt = trace.firstTokenAt ?? endedAt
    const lastTokenAt = trace.lastTokenAt ?? firstTokenAt
    const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000
    const histograms = this.#histograms
    histograms.endToEnd.observe(seconds(trace.arrivedAt, endedAt))
    histograms.queue.observe(seconds(trace.queuedAt, admittedAt))
    histograms.inference.observe(seconds(admittedAt, lastTokenAt))
    histograms.prefill.observe(seconds(admittedAt, firstTokenAt))
    histograms.decode.observe(seconds(firstTokenAt, lastTokenAt))
    if (trace.outputTokens > 1)
      histograms.tokenMean.observe(seconds(firstTokenAt, lastTokenAt) / (trace.outputTokens - 1))
    histograms.promptTokens.observe(trace.promptTokens)
    histograms.generationTokens.observe(trace.outputTokens)
    histograms.generationTokensMax.observe(trace.outputTokens)
    histograms.computedPromptTokens.observe(trace.promptTokens - trace.cachedTokens)
    histograms.paramN.observe(samples)
    if (outputTokensMax !== null) histograms.paramMaxTokens.observe(outputTokensMax)
  }

  /** A request refused for an admission limit. */
  rejected(reason: string): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1)
  }

  /** An HTTP exchange that ended. */
  exchanged(method: string, handler: string, status: number): void {
    const key = `${method} ${handler} ${Math.floor(status / 100)}xx`
    this.#http.set(key, (this.#http.get(key) ?? 0) + 1)
  }

  /** Prometheus text. */
  render(state: NodeState): string {
    const { metrics: names, admissionLimits } = versionProfiles[state.settings.profile]
    const labels = { ...(names.engineLabel && { engine: '0' }), model_name: this.#model }
    const out = new Exposition(labels, this.#startedAt)
    this.#gauges(out, state)
    this.#counters(out, state)
    if (admissionLimits)
      out.counter('admission_rejections', 'Requests refused for a limit.', labelled(this.#rejected, 'reason'))
    this.#distributions(out, names.tokenGap)
    out.plain('process_start_time_seconds', 'gauge', 'Start of the process, epoch seconds.', this.#startedAt)
    out.plain(
      'http_requests_total',
      'counter',
      'HTTP requests by handler, method and status.',
      [...this.#http].map(([key, count]) => {
        const [method = '', handler = '', status = ''] = key.split(' ')
        return [{ handler, method, status }, count]
      }),
    )
    return out.text()
  }

  #gauges(out: Exposition, { engine, settings, sleepLevel, hasAdapters, now }: NodeState): void {
    const { metrics: names } = versionProfiles[settings.profile]
    const load = engine.load()
    out.gauge('num_requests_running', 'Requests in the running batch.', load.running)
    out.gauge('num_requests_waiting', 'Requests waiting for the engine.', load.waiting)
    if (names.waitingByReason)
      out.gauge('num_requests_waiting_by_reason', 'Waiting requests by why they wait.', [
        [{ reason: 'capacity' }, load.waitingForCapacity],
        [{ reason: 'deferred' }, load.waitingDeferred],
      ])
    for (const name of names.kvCacheUsage) out.gauge(name, 'Used part of the KV cache, 0 to 1.', load.kvCacheUsageRatio)
    if (names.v0) {
      out.gauge('num_requests_swapped', 'Requests swapped to the CPU.', 0)
      out.gauge('cpu_cache_usage_perc', 'Used part of the CPU cache.', 0)
    }
    if (names.sleepState)
      out.gauge('engine_sleep_state', 'Whether the engine sleeps, and how deep.', [
        [{ sleep_state: 'awake' }, sleepLevel === undefined ? 1 : 0],
        [{ sleep_state: 'weights_offloaded' }, sleepLevel === 1 ? 1 : 0],
        [{ sleep_state: 'discard_all' }, sleepLevel === 2 ? 1 : 0],
      ])
    if (hasAdapters)
      out.gauge('lora_requests_info', 'Adapters running and waiting; the value is the time.', [
        [
          {
            max_lora: '1',
            running_lora_adapters: load.lorasRunning.join(','),
            waiting_lora_adapters: load.lorasWaiting.join(','),
          },
          now,
        ],
      ])
    const config = { block_size: '16', num_gpu_blocks: String(load.kvBlocks), cache_dtype: 'auto' }
    out.gauge('cache_config_info', 'How the KV cache is made.', [
      [{ ...config, enable_prefix_caching: 'True', gpu_memory_utilization: '0.92' }, 1],
    ])
  }

  #counters(out: Exposition, { engine, settings }: NodeState): void {
    const { metrics: names } = versionProfiles[settings.profile]
    const counters = engine.counters()
    out.counter('num_preemptions', 'Preempted requests.', counters.preemptions)
    for (const name of names.prefixCache) {
      out.counter(`${name}_queries`, 'Tokens looked up in the prefix cache.', counters.prefixQueryTokens)
      out.counter(`${name}_hits`, 'Tokens found in the prefix cache.', counters.prefixHitTokens)
    }
    if (names.prefixCache.length === 0)
      out.gauge(
        'gpu_prefix_cache_hit_rate',
        'Part of the tokens found in the prefix cache.',
        counters.prefixQueryTokens === 0 ? 0 : counters.prefixHitTokens / counters.prefixQueryTokens,
      )
    out.counter('prompt_tokens', 'Prompt tokens processed.', this.#promptTokens)
    out.counter('generation_tokens', 'Tokens generated.', this.#generationTokens)
    if (names.waitingByReason) {
      out.counter('prompt_tokens_cached', 'Prompt tokens found in the cache.', this.#cachedTokens)
      out.counter('prompt_tokens_by_source', 'Prompt tokens by where they came from.', [
        [{ source: 'local_compute' }, this.#promptTokens - this.#cachedTokens],
        [{ source: 'local_cache_hit' }, this.#cachedTokens],
        [{ source: 'external_kv_transfer' }, 0],
      ])
    }
    out.counter('request_success', 'Answers ended by the engine.', labelled(this.#ended, 'finished_reason'))
  }

  #distributions(out: Exposition, tokenGap: readonly string[]): void {
    const of = this.#histograms
    out.histogram('time_to_first_token_seconds', 'From arrival to the first token.', of.firstToken)
    for (const name of tokenGap) out.histogram(name, 'Between two tokens of a request.', of.tokenGap)
    out.histogram('request_time_per_output_token_seconds', 'Mean time per token of a request.', of.tokenMean)
    out.histogram('e2e_request_latency_seconds', 'From arrival to the end.', of.endToEnd)
    out.histogram('request_queue_time_seconds', 'Waiting for the first step.', of.queue)
    out.histogram('request_inference_time_seconds', 'From the first step to the last token.', of.inference)
    out.histogram('request_prefill_time_seconds', 'From the first step to the first token.', of.prefill)
    out.histogram('request_decode_time_seconds', 'From the first to the last token.', of.decode)
    out.histogram('iteration_tokens_total', 'Tokens of one engine step.', of.step)
    out.histogram('request_prompt_tokens', 'Prompt tokens of a request.', of.promptTokens)
    out.histogram('request_generation_tokens', 'Tokens generated for a request.', of.generationTokens)
    out.histogram('request_max_num_generation_tokens', 'Most tokens of its samples.', of.generationTokensMax)
    out.histogram('request_params_max_tokens', 'The limit asked for.', of.paramMaxTokens)
    out.histogram('request_prefill_kv_computed_tokens', 'Prompt tokens computed.', of.computedPromptTokens)
    out.histogram('request_params_n', 'Samples asked for.', of.paramN)
  }
}

const labelled = (counts: ReadonlyMap<string, number>, label: string) =>
  [...counts].map(([value, count]) => [{ [label]: value }, count] as const)
