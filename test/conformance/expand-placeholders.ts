/** What the `{{…}}` of a fixture stand for. */
export interface PlaceholderValues {
  readonly nowS: number
  readonly jwt?: string
  readonly pem?: string
}

const placeholder = /\{\{\s*([a-z]+)\s*([+-]\s*\d+)?\s*\}\}/g
const instantAlone = /^\{\{\s*now\s*([+-]\s*\d+)?\s*\}\}$/

/**
 * Replaces `{{jwt}}`, `{{pem}}`, `{{now}}` and `{{now-60}}` (epoch seconds) in every string of a value. An instant alone becomes a
 * number, as claims need it. What is unknown stays as it is.
 */
export const expandPlaceholders = <T>(value: T, values: PlaceholderValues): T => expand(value, values) as T

const expand = (value: unknown, values: PlaceholderValues): unknown => {
  if (typeof value === 'string') return expandText(value, values)
  if (Array.isArray(value)) return value.map((item) => expand(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, expand(item, values)]))
}

const expandText = (text: string, values: PlaceholderValues): string | number => {
  const alone = instantAlone.exec(text)
  if (alone !== null) return instant(values.nowS, alone[1])
  return text.replaceAll(placeholder, (whole, name: string, shift?: string) => {
    if (name === 'now') return String(instant(values.nowS, shift))
    return (name === 'jwt' ? values.jwt : name === 'pem' ? values.pem : undefined) ?? whole
  })
}

const instant = (nowS: number, shift = '0'): number => nowS + Number(shift.replaceAll(' ', ''))
