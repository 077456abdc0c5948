/** UTF-8 bytes per token: low for code and English, where 3 to 4 characters make a token, and right for scripts of 3 bytes. */
const bytesPerToken = 3

/** Tokens a text takes, on the high side, without a tokenizer. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

/** UTF-8 bytes that surely fit into so many tokens by the same estimate. */
export function bytesOfTokens(tokens: number): number {
  return Math.max(0, Math.floor(tokens)) * bytesPerToken
}
