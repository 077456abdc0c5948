/** What of a node decides what its usage shows. */
export interface UsageDetail {
  readonly cachedTokens: boolean
  readonly reasoningTokens: boolean
}

interface Count {
  readonly promptTokens: number
  tokens: number
  reasoning: number
}

/** Counts the tokens of a request for its `usage`. */
export class UsageMeter {
  readonly #choices: Count[]
  readonly #promptTokens: number
  readonly #detail: UsageDetail
  readonly #cachedTokens: () => number

  /** `promptTokens` by choice, `samples` choices to a prompt. `cachedTokens`: of the first prompt, as vLLM shows it. */
  constructor(
    { promptTokens, samples }: { readonly promptTokens: readonly number[]; readonly samples: number },
    detail: UsageDetail,
    cachedTokens: () => number,
  ) {
    this.#choices = promptTokens.map((count) => ({ promptTokens: count, tokens: 0, reasoning: 0 }))
    this.#promptTokens = promptTokens.reduce((sum, count, at) => (at % samples === 0 ? sum + count : sum), 0)
    this.#detail = detail
    this.#cachedTokens = cachedTokens
  }

  token(choice: number, isReasoning: boolean): void {
    const count = this.#choices[choice] as Count
    count.tokens++
    if (isReasoning) count.reasoning++
  }

  /** JSON of one answer's usage so far. */
  choice(index: number): string {
    const { promptTokens, tokens, reasoning } = this.#choices[index] as Count
    return this.#json(promptTokens, tokens, reasoning, '')
  }

  /** JSON of the whole request's usage. `nulls`: details that are off stand there as null. */
  total({ nulls }: { readonly nulls: boolean }): string {
    let tokens = 0
    let reasoning = 0
    for (const count of this.#choices) {
      tokens += count.tokens
      reasoning += count.reasoning
    }
    return this.#json(this.#promptTokens, tokens, reasoning, nulls ? ',"prompt_tokens_details":null' : '')
  }

  #json(promptTokens: number, tokens: number, reasoning: number, noCache: string): string {
    const cached = this.#detail.cachedTokens
      ? `,"prompt_tokens_details":{"cached_tokens":${this.#cachedTokens()}}`
      : noCache
    const thought = this.#detail.reasoningTokens ? `,"completion_tokens_details":{"reasoning_tokens":${reasoning}}` : ''
    return `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens + tokens},"completion_tokens":${tokens}${cached}${thought}}`
  }
}
