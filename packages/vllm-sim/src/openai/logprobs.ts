import { ByteHash } from '../text/byte-hash.ts'
import { vocabulary } from '../text/vocabulary.ts'
import type { Token } from './token-source.ts'

interface Candidate {
  readonly token: Token
  readonly logprob: number
}

/** What a request wants to know about the likelihood of its tokens. */
export interface LogprobOptions {
  /** Alternatives per token. */
  readonly alternatives: number
  /** Tokens printed as `token_id:N`. */
  readonly asIds: boolean
}

const tokenLabel = (token: Token, asIds: boolean): string => (asIds ? `token_id:${token.id}` : token.text)

/** The most likely tokens at a place, the one that was said first: it and its likelihood decide the others. */
const candidates = (token: Token, count: number): Candidate[] => {
  const hash = new ByteHash().update(Buffer.from(token.text))
  const said = 0.5 + (hash.digest(21) / 2 ** 32) * 0.49
  const others = Array.from({ length: Math.max(0, count - 1) }, (_, index): Candidate => {
    const word = vocabulary[hash.digest(22 + index) % vocabulary.length] as Token
    return { token: word, logprob: rounded(Math.log((1 - said) / 2 ** (index + 1))) }
  })
  const known = new Set([token.text])
  return [
    { token, logprob: rounded(Math.log(said)) },
    ...others.filter(({ token: { text } }) => !known.has(text) && known.add(text)),
  ]
}

const rounded = (value: number): number => Math.max(-9999, Math.round(value * 1e6) / 1e6)

/** The `logprobs` of a chat choice. */
export const chatLogprobs = (tokens: readonly Token[], { alternatives, asIds }: LogprobOptions): object => ({
  content: tokens.map((token) => {
    const [said, ...others] = candidates(token, alternatives).map((candidate) => ({
      token: tokenLabel(candidate.token, asIds),
      logprob: candidate.logprob,
      bytes: [...Buffer.from(candidate.token.text)],
    }))
    return { ...said, top_logprobs: alternatives === 0 ? [] : [said, ...others] }
  }),
})

/** The `logprobs` of a completion choice. */
export interface CompletionLogprobs {
  readonly text_offset: number[]
  readonly token_logprobs: (number | null)[]
  readonly tokens: string[]
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[]
}

/** `startsPrompt`: the first token is the first of an echoed prompt, for which nothing is known. `offset`: characters before the tokens. */
export const completionLogprobs = (
  tokens: readonly Token[],
  { alternatives, asIds }: LogprobOptions,
  { offset, startsPrompt }: { readonly offset: number; readonly startsPrompt: boolean },
): CompletionLogprobs => {
  const result: CompletionLogprobs = { text_offset: [], token_logprobs: [], tokens: [], top_logprobs: [] }
  let at = offset
  for (const [index, token] of tokens.entries()) {
    const unknown = startsPrompt && index === 0
    const found = candidates(token, alternatives)
    result.text_offset.push(at)
    result.tokens.push(tokenLabel(token, asIds))
    result.token_logprobs.push(unknown ? null : (found[0]?.logprob ?? null))
    result.top_logprobs.push(
      unknown ? null : Object.fromEntries(found.map((one) => [tokenLabel(one.token, asIds), one.logprob])),
    )
    at += Array.from(token.text).length
  }
  return result
}

/** `prompt_logprobs`: per prompt token its candidates by id, null for the first. */
export const promptLogprobs = (tokens: readonly Token[], alternatives: number): (object | null)[] =>
  tokens.map((token, index) =>
    index === 0
      ? null
      : Object.fromEntries(
          candidates(token, alternatives).map((one, rank) => [
            String(one.token.id),
            { logprob: one.logprob, rank: rank + 1, decoded_token: one.token.text },
          ]),
        ),
  )
