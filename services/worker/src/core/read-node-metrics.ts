/** What a node's metrics say that decides whether and how it is used. Null: it does not tell. */
export interface NodeMetrics {
  readonly asleep: boolean | null
  /** Start of its process, epoch seconds: another one means that caches and counters are gone. */
  readonly processStartedAt: number | null
  /** Tokens that its KV cache can hold. */
  readonly kvTokens: number | null
}

const sample = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})?\s+(?<value>\S+)/

/** Reads Prometheus text (contract vllm §2). What is missing is unknown, never zero; lines that make no sense are skipped. */
export const readNodeMetrics = (text: string): NodeMetrics => {
  let asleep: boolean | null = null
  let processStartedAt: number | null = null
  let kvTokens: number | null = null
  for (const line of text.split('\n')) {
    if (!wanted.some((name) => line.startsWith(name))) continue
    const { name, labels = '', value } = sample.exec(line)?.groups ?? {}
    const number = Number(value)
    if (name === 'process_start_time_seconds' && number > 0) processStartedAt = number
    if (name === 'vllm:engine_sleep_state' && number === 1) {
      // One engine of several that sleeps makes the node unfit: a call may land there.
      asleep = asleep === true || label(labels, 'sleep_state') !== 'awake'
    }
    if (name === 'vllm:cache_config_info') {
      const tokens = Number(label(labels, 'num_gpu_blocks')) * Number(label(labels, 'block_size'))
      if (tokens > 0 && Number.isFinite(tokens)) kvTokens = (kvTokens ?? 0) + tokens
    }
  }
  return { asleep, processStartedAt, kvTokens }
}

const wanted = ['process_start_time_seconds', 'vllm:engine_sleep_state', 'vllm:cache_config_info']

const label = (labels: string, name: string): string | undefined =>
  new RegExp(`(?:^|,)\\s*${name}="([^"]*)"`).exec(labels)?.[1]
