/** Tokens of a call as the node counted them. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the prompt, those the node had in its prefix cache; absent when it does not tell. */
  readonly cachedTokens?: number
}

/** No real call has more: what a node reports beyond is taken for a fault and cut. */
const tokensMax = 100_000_000

/** Usage as sane whole numbers; `clamped` tells that the node reported something else. Null when there is none. */
export function readUsage(json: unknown): { readonly usage: Usage; readonly clamped: boolean } | null {
  if (typeof json !== 'object' || json === null) return null
  const { prompt_tokens: prompt, completion_tokens: completion, ...details } = json as Record<string, unknown>
  if (prompt === undefined && completion === undefined) return null
  const usage = { promptTokens: sane(prompt), completionTokens: sane(completion) }
  const clamped = (prompt ?? 0) !== usage.promptTokens || (completion ?? 0) !== usage.completionTokens
  const cached = cachedTokensOf(details['prompt_tokens_details'])
  return {
    usage: cached === null ? usage : { ...usage, cachedTokens: Math.min(cached, usage.promptTokens) },
    clamped,
  }
}

/** Told only by nodes that are started so (`--enable-prompt-tokens-details`). */
function cachedTokensOf(details: unknown): number | null {
  if (typeof details !== 'object' || details === null) return null
  const { cached_tokens: cached } = details as Record<string, unknown>
  return typeof cached === 'number' ? sane(cached) : null
}

function sane(count: unknown): number {
  if (typeof count !== 'number' || Number.isNaN(count)) return 0
  return Math.min(Math.max(Math.floor(count), 0), tokensMax)
}
