import { createParser } from 'eventsource-parser'
import { compare, show, volatileWords } from './compare.ts'
import type { ComparisonRules, Difference } from './compare.ts'
import { joinDeltas, textOfEvent } from './join-deltas.ts'
import type { Fixture } from './load-fixture.ts'
import type { PlaceholderFacts } from './match-placeholder.ts'
import type { Answer } from './send-request.ts'

/** Everything in which an answer is not the fixture's. */
export const compareResponse = (fixture: Fixture, answer: Answer, facts: PlaceholderFacts): Difference[] => {
  const { response, notes } = fixture
  const { joinDeltas: joins, ignored, paths } = volatileWords(fixture.volatile)
  const rules: ComparisonRules = { facts, volatile: paths, ignored, subset: false }
  const differences = compare(response.status, answer.status, 'status', rules)
  for (const [name, value] of Object.entries(response.headers ?? {}))
    differences.push(...compare(value, answer.headers[name.toLowerCase()], `headers.${name}`, rules))
  if (answer.brokenOff !== null)
    differences.push({ path: 'response', expected: 'a complete answer', got: answer.brokenOff })

  const { text } = answer
  const forms: Partial<Record<keyof typeof response, () => Difference[]>> = {
    body: () => compareBody(response.body, text, rules),
    text: () => compare(response.text, text, 'text', rules),
    concatenated_content: () =>
      compare(response.concatenated_content, contentOf(answer), 'concatenated_content', rules),
    ndjson: () => compareList(response.ndjson ?? [], parseLines(text), 'ndjson', joins, tolerated(notes), rules),
    events: () => compareList(response.events ?? [], parseEvents(text), 'events', joins, tolerated(notes), rules),
    framing: () => compareFraming(response.framing ?? '', text),
  }
  for (const form of Object.keys(forms) as (keyof typeof forms)[])
    if (response[form] !== undefined) differences.push(...(forms[form]?.() ?? []))
  return differences
}

const compareBody = (expected: unknown, text: string, rules: ComparisonRules): Difference[] => {
  if (expected === null && text === '') return []
  const got = parseJson(text)
  if (got === undefined) return [{ path: 'body', expected: 'JSON', got: show(text) }]
  return compare(expected, got, 'body', rules)
}

const compareList = (
  expected: readonly unknown[],
  got: unknown[] | null,
  path: 'ndjson' | 'events',
  joins: boolean,
  mayFollow: (event: unknown) => boolean,
  rules: ComparisonRules,
): Difference[] => {
  if (got === null) return [{ path, expected: 'one JSON object per line', got: 'a line that is not JSON' }]
  const [wanted, came] = joins ? [joinDeltas(expected), joinDeltas(got)] : [expected, got]
  while (came.length > wanted.length && mayFollow(came.at(-1))) (came as unknown[]).pop()
  return compare(wanted, came, path, rules)
}

/** Some notes allow one more event at the end: `an extra usage event after the last one is tolerated`. */
const tolerated = (notes: readonly string[]): ((event: unknown) => boolean) => {
  const kinds = notes.flatMap((note) => /\bextra (\w+) event\b.*\btolerated\b/.exec(note)?.[1] ?? [])
  return (event) => {
    const { type, event: name } = event as { type?: string; event?: string }
    return kinds.includes(type ?? name ?? '')
  }
}

const compareFraming = (framing: string, text: string): Difference[] => {
  const wantsCrlf = /\bCRLF\b/.test(framing)
  const bare = wantsCrlf ? /(?<!\r)\n/.exec(text) : null
  if (bare !== null)
    return [
      {
        path: 'framing',
        expected: framing,
        got: `a bare line feed after ${show(text.slice(0, bare.index).split('\r\n').at(-1))}`,
      },
    ]
  if (wantsCrlf && !text.endsWith('\r\n\r\n'))
    return [{ path: 'framing', expected: `${framing}, to the end`, got: show(text.slice(-80)) }]
  return []
}

/** The text of an answer's content events, or the whole text of one that has no events. */
const contentOf = ({ headers, text }: Answer): string => {
  const type = String(headers['content-type'] ?? '')
  const events = type.includes('ndjson') ? parseLines(text) : /^(event|data):/m.test(text) ? parseEvents(text) : null
  return events === null ? text : events.map(textOfEvent).join('')
}

/** The lines as JSON, or null when one is none. */
const parseLines = (text: string): unknown[] | null => {
  const values = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseJson)
  return values.includes(undefined) ? null : values
}

const parseEvents = (text: string): unknown[] => {
  const events: unknown[] = []
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ ...(event === undefined ? {} : { event }), data: dataOf(data) }),
  })
  parser.feed(text)
  return events
}

/** JSON, or a word such as `[DONE]`. */
const dataOf = (text: string): unknown => {
  const value = parseJson(text)
  return value === undefined ? text : value
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
