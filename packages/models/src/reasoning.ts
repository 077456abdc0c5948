/**
 * How a model thinks before it answers, and what a server can be told about it. `none`: not at all, or nobody knows. `effort`: as much
 * as `reasoning_effort` says. `switch`: unless its chat template is told not to. `always`: always.
 */
export const reasonings = ['none', 'effort', 'switch', 'always'] as const
export type Reasoning = (typeof reasonings)[number]

/** By the names that servers use; the first that fits. */
const styles: readonly (readonly [RegExp, Reasoning])[] = [
  [/gpt-oss|gpt-5|(^|[/-])o[134](-mini|-pro)?$/, 'effort'],
  [/(^|[/-])qwen-?3(?!.*(coder|instruct|embed|rerank|thinking))/, 'switch'],
  [/deepseek-r1|qwq|magistral|thinking|reason(er|ing)/, 'always'],
]

/** What the served name of a model tells. */
export function reasoningOf(servedName: string): Reasoning {
  const name = servedName.toLowerCase()
  return styles.find(([pattern]) => pattern.test(name))?.[1] ?? 'none'
}

/**
 * Output tokens set aside for thoughts ahead of a short answer, which would else use all of its limit up (contract features §1.3).
 * At low effort published answers of gpt-oss think for some hundred tokens.
 */
export const reasoningReserveTokens: Readonly<Record<Reasoning, number>> = {
  none: 0,
  effort: 1024,
  switch: 0,
  always: 2048,
}
