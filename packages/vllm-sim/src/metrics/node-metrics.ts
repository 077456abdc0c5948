import type { EngineLoad } from '../engine.ts'
import { Histogram } from './histogram.ts'

/** vLLM's own bucket bounds, seconds. */
const firstTokenBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
const tokenGapBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]

/** Reasons vLLM counts; a finished tool call is a `stop` to its engine. */
const finishedReasons = ['stop', 'length', 'abort', 'error', 'repetition'] as const

/** The metrics of one node, under vLLM's names. */
export class NodeMetrics {
  readonly #labels: string
  readonly #firstToken = new Histogram(firstTokenBounds)
  readonly #tokenGap = new Histogram(tokenGapBounds)
  readonly #ended = new Map<string, number>(finishedReasons.map((reason) => [reason, 0]))
  readonly #rejected = new Map<string, number>()
  #promptTokens = 0
  #generationTokens = 0

  constructor(model: string) {
    this.#labels = `engine="0",model_name=${JSON.stringify(model)}`
  }

  /** `waitedMs` since the request arrived. */
  firstToken(promptTokens: number, waitedMs: number): void {
    this.#promptTokens += promptTokens
    this.#generationTokens++
    this.#firstToken.observe(waitedMs / 1000)
  }

  furtherToken(gapMs: number): void {
    this.#generationTokens++
    this.#tokenGap.observe(gapMs / 1000)
  }

  requestEnded(finishReason: string): void {
    const reason = finishReason === 'tool_calls' ? 'stop' : finishReason
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1)
  }

  /** A request refused for an admission limit. */
  rejected(reason: string): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1)
  }

  /** Prometheus text. */
  render(load: EngineLoad): string {
    const ended = [...this.#ended].map(([reason, count]) => [`finished_reason="${reason}"`, count] as const)
    return [
      ...this.#family('num_requests_running', 'gauge', 'Requests in the running batch.', '', [['', load.running]]),
      ...this.#family('num_requests_waiting', 'gauge', 'Requests waiting for the engine.', '', [['', load.waiting]]),
      ...this.#family('kv_cache_usage_perc', 'gauge', 'Used part of the KV cache, 0 to 1.', '', [
        ['', load.kvCacheUsageRatio],
      ]),
      ...this.#family('prompt_tokens', 'counter', 'Prompt tokens processed.', '_total', [['', this.#promptTokens]]),
      ...this.#family('generation_tokens', 'counter', 'Tokens generated.', '_total', [['', this.#generationTokens]]),
      ...this.#family('request_success', 'counter', 'Requests ended by the engine.', '_total', ended),
      ...heading('time_to_first_token_seconds', 'histogram', 'From arrival to the first token.'),
      ...this.#firstToken.lines('vllm:time_to_first_token_seconds', this.#labels),
      ...heading('inter_token_latency_seconds', 'histogram', 'Between two tokens of a request.'),
      ...this.#tokenGap.lines('vllm:inter_token_latency_seconds', this.#labels),
      '',
    ].join('\n')
  }

  #family(
    name: string,
    type: string,
    help: string,
    suffix: string,
    samples: readonly (readonly [string, number])[],
  ): string[] {
    const lines = samples.map(
      ([label, value]) => `vllm:${name}${suffix}{${this.#labels}${label === '' ? '' : `,${label}`}} ${value}`,
    )
    return [...heading(`${name}${suffix}`, type, help), ...lines]
  }
}

const heading = (name: string, type: string, help: string): string[] => [
  `# HELP vllm:${name} ${help}`,
  `# TYPE vllm:${name} ${type}`,
]
