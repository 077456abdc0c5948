/** The beginning of a text within a limit of UTF-8 bytes; never half a character. */
export function keepStart(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= bytesMax) return text
  let end = bytesMax
  while (end > 0 && isInsideCharacter(bytes[end])) end--
  return bytes.toString('utf8', 0, end)
}

/**
 * The end of a text within a limit of UTF-8 bytes. The cut moves in steps of 1/32 of the limit, so that while someone types the
 * beginning stays the same and a node finds it in its prefix cache.
 */
export function keepEnd(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= bytesMax) return text
  const step = Math.max(1, bytesMax >> 5)
  let start = Math.min(Math.ceil((bytes.length - bytesMax) / step) * step, bytes.length)
  while (start < bytes.length && isInsideCharacter(bytes[start])) start++
  return bytes.toString('utf8', start)
}

/** The last characters of a text, by code points. */
export function lastChars(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const cut = text.slice(-charsMax)
  return /^[\udc00-\udfff]/.test(cut) ? cut.slice(1) : cut
}

/** The first characters of a text, by code points. */
export function firstChars(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const cut = text.slice(0, charsMax)
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut
}

function isInsideCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
