/** How one release of vLLM differs on the wire from the others. Facts of the releases, not settings. */
export interface VersionProfile {
  /** What `/version` answers. */
  readonly version: string
  /** `flat`: the members of the error stand at the top; `nested`: inside `error`. */
  readonly errorBody: 'flat' | 'nested'
  /** Wording of a context overflow: A splits the total asked for, B names the part at fault, C says at least how long the prompt is. */
  readonly overflowText: 'A' | 'B' | 'C'
  /** Members of a message that carry thinking, the preferred first. */
  readonly reasoningFields: readonly ('reasoning' | 'reasoning_content')[]
  /** Fields that constrain an answer; the other kind is ignored in silence. */
  readonly constrainedBy: readonly ('guided' | 'structured_outputs')[]
  /** Whether a message without calls has `tool_calls: []`. */
  readonly emptyToolCalls: boolean
  /** Whether a required or named tool needs a parser; before, guided decoding alone did it. */
  readonly forcedToolsNeedParser: boolean
  readonly returnsTokenIds: boolean
  /** Whether `system_fingerprint` is set. */
  readonly fingerprint: boolean
  /** Most stop strings, or null for no cap. */
  readonly stopStringsMax: number | null
  /** Most prompts in one completion, or null for no cap. */
  readonly promptsMax: number | null
  readonly temperatureMax: number | null
  /** Whether `--max-num-queued-reqs` and `--max-num-queued-tokens` exist; without them the queue has no end. */
  readonly admissionLimits: boolean
  /** Whether a priority other than 0 is refused while the scheduling policy is `fcfs`. */
  readonly priorityNeedsPolicy: boolean
  /** What a model answers to a task it is not made for. */
  readonly unsupportedTask: { readonly status: 404 | 501; readonly type: string }
  /** What `/health` answers once the engine is dead. */
  readonly deadStatus: 500 | 503
  /** SIGTERM: `cut` breaks the streams off; `abort` ends them with finish reason `abort`, after `--shutdown-timeout` where it exists. */
  readonly shutdown: 'cut' | 'abort'
  readonly shutdownTimeout: boolean
  /** Paths an API key guards. */
  readonly guardedPaths: readonly string[]
  /** Routes of the release that others lack. */
  readonly routes: readonly (
    | 'load'
    | 'invocations'
    | 'pooling'
    | 'responses'
    | 'messages'
    | 'generate'
    | 'count_tokens'
    | 'batch'
    | 'render'
    | 'v2_embed'
  )[]
  /** Whether non-streamed answers carry `endpoint-load-metrics` when asked to. */
  readonly loadHeader: boolean
  readonly metrics: MetricNames
}

/** Names of metrics that changed over time, without the `vllm:` prefix. Two names: both are exposed. */
export interface MetricNames {
  readonly kvCacheUsage: readonly string[]
  /** Prefixes of `…_queries` and `…_hits`; none: a hit rate gauge. */
  readonly prefixCache: readonly string[]
  readonly tokenGap: readonly string[]
  /** Whether samples carry the data-parallel rank as `engine`. */
  readonly engineLabel: boolean
  readonly waitingByReason: boolean
  readonly sleepState: boolean
  /** Gauges and histograms of the V0 engine only. */
  readonly v0: boolean
}

const oldest: VersionProfile = {
  version: '0.6.4',
  errorBody: 'flat',
  overflowText: 'A',
  reasoningFields: [],
  constrainedBy: ['guided'],
  emptyToolCalls: true,
  forcedToolsNeedParser: false,
  returnsTokenIds: false,
  fingerprint: false,
  stopStringsMax: null,
  promptsMax: null,
  temperatureMax: null,
  admissionLimits: false,
  priorityNeedsPolicy: true,
  unsupportedTask: { status: 404, type: 'NotFoundError' },
  deadStatus: 500,
  shutdown: 'cut',
  shutdownTimeout: false,
  guardedPaths: ['/v1'],
  routes: [],
  loadHeader: false,
  metrics: {
    kvCacheUsage: ['gpu_cache_usage_perc'],
    prefixCache: [],
    tokenGap: ['time_per_output_token_seconds'],
    engineLabel: false,
    waitingByReason: false,
    sleepState: false,
    v0: true,
  },
}

const v10: VersionProfile = {
  ...oldest,
  version: '0.10.0',
  reasoningFields: ['reasoning_content'],
  priorityNeedsPolicy: false,
  routes: ['load', 'invocations', 'pooling', 'responses'],
  metrics: {
    ...oldest.metrics,
    kvCacheUsage: ['kv_cache_usage_perc', 'gpu_cache_usage_perc'],
    prefixCache: ['prefix_cache', 'gpu_prefix_cache'],
    engineLabel: true,
    v0: false,
  },
}

const v11: VersionProfile = {
  ...v10,
  version: '0.11.2',
  errorBody: 'nested',
  overflowText: 'B',
  reasoningFields: ['reasoning', 'reasoning_content'],
  constrainedBy: ['guided', 'structured_outputs'],
  returnsTokenIds: true,
  deadStatus: 503,
  routes: [...v10.routes, 'messages', 'generate'],
  loadHeader: true,
  metrics: {
    ...v10.metrics,
    tokenGap: ['inter_token_latency_seconds', 'time_per_output_token_seconds'],
    sleepState: true,
  },
}

const v19: VersionProfile = {
  ...v11,
  version: '0.19.1',
  reasoningFields: ['reasoning'],
  constrainedBy: ['structured_outputs'],
  unsupportedTask: { status: 501, type: 'NotImplementedError' },
  shutdown: 'abort',
  shutdownTimeout: true,
  routes: [...v11.routes, 'count_tokens', 'batch', 'render', 'v2_embed'],
  metrics: {
    ...v11.metrics,
    kvCacheUsage: ['kv_cache_usage_perc'],
    prefixCache: ['prefix_cache'],
    tokenGap: ['inter_token_latency_seconds'],
  },
}

const v24: VersionProfile = {
  ...v19,
  version: '0.24.0',
  overflowText: 'C',
  emptyToolCalls: false,
  forcedToolsNeedParser: true,
  fingerprint: true,
  temperatureMax: 2,
  guardedPaths: ['/v1', '/v2', '/inference', '/cohere'],
  metrics: { ...v19.metrics, waitingByReason: true },
}

/** The releases a node can stand for (contract vllm.md, compatibility profiles). */
export const versionProfiles = {
  'v0.6': oldest,
  'v0.10': v10,
  'v0.11': v11,
  'v0.19': v19,
  'v0.24': v24,
  'v0.32': { ...v24, version: '0.32.0', stopStringsMax: 4, promptsMax: 1024, admissionLimits: true },
} as const satisfies Record<string, VersionProfile>

export type ProfileName = keyof typeof versionProfiles

export const profileNames = Object.keys(versionProfiles) as [ProfileName, ...ProfileName[]]
