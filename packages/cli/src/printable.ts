/** Control characters but tab and line feed, and what changes the direction of text: a terminal acts on them instead of showing them. */
const acting = /(?![\t\n])[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

/** Text of a node, a user or a store, for a terminal: what the terminal would act on is shown as � instead. */
export const printable = (text: string): string => text.replaceAll(acting, '\uFFFD')

/** The same for one cell or line, which ends where its layout says. */
export const printableLine = (text: string): string => printable(text).replaceAll(/[\t\n]/g, '\uFFFD')

/** JSON with nothing in it that a terminal acts on, and the same value: JSON itself escapes only some of it. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replaceAll(
    acting,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
