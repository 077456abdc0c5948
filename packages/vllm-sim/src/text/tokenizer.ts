/** Longest token in UTF-8 bytes: the bytes plus a leading 1 fit an exact integer, and plain text averages about 4 characters a token. */
export const tokenBytesMax = 6

const isStart = new Uint8Array(256)
for (const character of ' \n\t,.;:!?') isStart[character.charCodeAt(0)] = 1
// Lead bytes of CJK and Kana, and of everything outside the basic plane (emoji).
for (let lead = 0xe3; lead <= 0xe9; lead++) isStart[lead] = 1
for (let lead = 0xf0; lead <= 0xf4; lead++) isStart[lead] = 1

/** Whether a token always begins at this UTF-8 lead byte, whatever stands before it. */
export const startsToken = (byte: number): boolean => isStart[byte] === 1

const characterBytes = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)

/** Number of tokens of a UTF-8 text: a token begins at a start byte, or where the current one would exceed `tokenBytesMax`. */
export const countTokens = (bytes: Uint8Array): number => {
  let tokens = 0
  let length = tokenBytesMax
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] as number
    const size = lead < 0x80 ? 1 : characterBytes(lead)
    if (isStart[lead] === 1 || length + size > tokenBytesMax) {
      tokens++
      length = 0
    }
    length += size
    at += size
  }
  return tokens
}

/** The texts of the tokens, in order; none splits a character and joined they are the text (lone surrogates become U+FFFD). */
export const splitTokens = (text: string): string[] => {
  const bytes = Buffer.from(text)
  return tokenEnds(bytes).map((end, index, ends) => bytes.toString('utf8', index === 0 ? 0 : ends[index - 1], end))
}

/** Token ids of a UTF-8 text. An id is a 1 byte followed by the token's bytes, read as one number, so no vocabulary is needed. */
export const encodeTokens = (bytes: Uint8Array): number[] => {
  let start = 0
  return tokenEnds(bytes).map((end) => {
    const id = tokenId(bytes, start, end)
    start = end
    return id
  })
}

export const tokenId = (bytes: Uint8Array, start = 0, end = bytes.length): number => {
  let id = 1
  for (let at = start; at < end; at++) id = id * 256 + (bytes[at] as number)
  return id
}

/** The text of token ids, or the first id that is none of this tokenizer's. */
export const decodeTokens = (
  ids: readonly number[],
): { kind: 'text'; text: string } | { kind: 'unknown_id'; id: number } => {
  const bytes: number[] = []
  for (const id of ids) {
    const token = tokenBytes(id)
    if (token === undefined) return { kind: 'unknown_id', id }
    bytes.push(...token)
  }
  return { kind: 'text', text: Buffer.from(bytes).toString() }
}

const tokenBytes = (id: number): number[] | undefined => {
  if (!Number.isSafeInteger(id) || id < 256) return undefined
  const bytes: number[] = []
  let rest = id
  while (rest > 255) {
    bytes.unshift(rest % 256)
    rest = Math.floor(rest / 256)
  }
  const whole = Buffer.from(bytes)
  return rest === 1 && bytes.length <= tokenBytesMax && Buffer.from(whole.toString()).equals(whole) ? bytes : undefined
}

/** Where each token of a UTF-8 text ends. */
export const tokenEnds = (bytes: Uint8Array): number[] => {
  const ends: number[] = []
  let length = 0
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] as number
    const size = characterBytes(lead)
    if (at > 0 && (startsToken(lead) || length + size > tokenBytesMax)) {
      ends.push(at)
      length = 0
    }
    length += size
    at += size
  }
  if (bytes.length > 0) ends.push(bytes.length)
  return ends
}
