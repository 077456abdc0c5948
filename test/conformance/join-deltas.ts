type Json = Record<string, unknown>

/** Where the streamed answers of the contract keep their text. */
const textPaths = [
  ['data', 'choices', '0', 'delta', 'content'],
  ['choices', '0', 'delta', 'content'],
  ['data', 'choices', '0', 'text'],
  ['choices', '0', 'text'],
  ['data', 'text'],
  ['data', 'delta'],
  ['text'],
  ['content'],
] as const

type TextPath = (typeof textPaths)[number]

const follow = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? (at as Json)[step] : undefined), value)

const textPathOf = (event: unknown): TextPath | undefined =>
  textPaths.find((path) => typeof follow(event, path) === 'string')

/** The text that an event adds to the answer; empty when it adds none. */
export const textOfEvent = (event: unknown): string => {
  const path = textPathOf(event)
  return path === undefined ? '' : String(follow(event, path))
}

const kindOf = (event: unknown): string => JSON.stringify([follow(event, ['event']), follow(event, ['type'])])

/** Joins neighbours of one kind that each carry a piece of text, so that answers compare however they were cut. Other members are the last one's. */
export const joinDeltas = (events: readonly unknown[]): unknown[] => {
  const joined: unknown[] = []
  for (const event of events) {
    const before = joined.at(-1)
    const path = textPathOf(event)
    const joins =
      path !== undefined && before !== undefined && textPathOf(before) === path && kindOf(before) === kindOf(event)
    if (joins)
      joined[joined.length - 1] = withText(event, path, String(follow(before, path)) + String(follow(event, path)))
    else joined.push(event)
  }
  return joined
}

const withText = (event: unknown, path: readonly string[], text: string): unknown => {
  const [step, ...rest] = path
  if (step === undefined) return text
  const inner = withText((event as Json)[step], rest, text)
  return Array.isArray(event) ? event.with(Number(step), inner) : { ...(event as Json), [step]: inner }
}
