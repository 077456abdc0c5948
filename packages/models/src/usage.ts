/** Tokens of a call as the node counted them. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** No real call has more: what a node reports beyond is taken for a fault and cut. */
const tokensMax = 100_000_000

/** Usage as sane whole numbers; `clamped` tells that the node reported something else. Null when there is none. */
export function readUsage(json: unknown): { readonly usage: Usage; readonly clamped: boolean } | null {
  if (typeof json !== 'object' || json === null) return null
  const { prompt_tokens: prompt, completion_tokens: completion } = json as Record<string, unknown>
  if (prompt === undefined && completion === undefined) return null
  const usage = { promptTokens: sane(prompt), completionTokens: sane(completion) }
  const clamped = (prompt ?? 0) !== usage.promptTokens || (completion ?? 0) !== usage.completionTokens
  return { usage, clamped }
}

function sane(count: unknown): number {
  if (typeof count !== 'number' || Number.isNaN(count)) return 0
  return Math.min(Math.max(Math.floor(count), 0), tokensMax)
}
