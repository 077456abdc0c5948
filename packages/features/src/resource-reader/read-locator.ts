import { findJson, strictJson } from '../answer/find-json.ts'
import type { Locator, LocatorType, ResourceKind } from './locator.ts'

/** What the agent knows about the question, to go by when the model's answer names nothing. */
export interface ReaderQuestion {
  readonly input: string
  readonly suggestions: string
}

const key = 'ResourceIdentifierType'
const wholeUrl = /https?:\/\/[^\s"'<>)\]}]+/
const fullReference = /^[\w.-]+(?:\/[\w.-]+)*[#!&@][\w]+$/

/**
 * The locator that GitLab reads out of an answer. An answer that it reads well stays as it is, byte by byte; anything else becomes bare
 * JSON: the first object in it, one that continues an opened object, or what the question itself names. `current` when nothing does:
 * the agent asks for a resource by name or on its page.
 */
export function readableLocator(answer: string, kind: ResourceKind, question: ReaderQuestion): string {
  const asGitlabReads = gitlabParses(answer)
  if (asGitlabReads !== undefined && isHonoured(asGitlabReads, kind)) return answer
  const said = asGitlabReads ?? looselyRead(answer)
  const json = JSON.stringify(locatorOf(said, kind, question))
  // What ends the JSON for GitLab is escaped inside a text.
  return json.replaceAll('`', '\\u0060').replaceAll('Question:', 'Question\\u003a')
}

/** GitLab's own reading; undefined where it would ask again. */
function gitlabParses(answer: string): unknown {
  const whole = answer.includes(key) ? answer : `\`\`\`json\n{ "${key}": "${answer}`
  const text = whole.split('Question:', 1)[0] ?? ''
  const fenced = text.includes('```json') ? text.slice(text.indexOf('```json') + '```json'.length) : text
  return strictJson((fenced.split('```', 1)[0] ?? '').trim())
}

function isHonoured(value: unknown, kind: ResourceKind): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { ResourceIdentifierType: type, ResourceIdentifier: id } = value as Record<string, unknown>
  if (!kind.types.includes(type as LocatorType)) return false
  if (type === 'current') return id === 'current'
  if (type === 'iid') return /^\d+$/.test(String(id))
  return typeof id === 'string' && id !== '' && (type !== 'url' || wholeUrl.test(id))
}

interface Said {
  readonly type: string
  readonly id: string
}

function looselyRead(answer: string): unknown {
  const opened = `{ "${key}": "${answer.trimStart()}`
  return (
    [answer, opened]
      .flatMap((text) => findJson(text, 'object'))
      .find(
        (value) => typeof value === 'object' && value !== null && namedIn(value as Record<string, unknown>) !== null,
      ) ?? scraped(answer)
  )
}

/** The two values where no JSON can be made out. */
function scraped(answer: string): unknown {
  const type = /Resource_?Identifier_?Type\W{1,6}(\w+)/i.exec(answer)?.[1]
  const id = /Resource_?Identifier(?!_?Type)\W{1,4}([^\s"'`,}]+)/i.exec(answer)?.[1]
  return type === undefined && id === undefined ? undefined : { type: type ?? '', id: id ?? '' }
}

/** Models spell the two keys in their own ways. */
function namedIn(object: Record<string, unknown>): Said | null {
  let type = ''
  let id = ''
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== 'string' && typeof value !== 'number') continue
    const bare = name.toLowerCase().replace(/[^a-z]/g, '')
    if (bare.endsWith('type')) type = String(value)
    else if (/^(resourceidentifier|identifier|id|iid|value|url|reference)$/.test(bare)) id = String(value)
  }
  return type === '' && id === '' ? null : { type, id }
}

function locatorOf(value: unknown, kind: ResourceKind, question: ReaderQuestion): Locator {
  const said = typeof value === 'object' && value !== null ? namedIn(value as Record<string, unknown>) : null
  const type = said?.type.toLowerCase().trim() ?? ''
  const id = said?.id.trim() ?? ''
  if (type === 'current' || id.toLowerCase() === 'current') return current
  return (
    locatorIn(id, kind) ??
    namedInText(question.input, kind) ??
    namedInText(question.suggestions, kind) ??
    (id === '' ? current : notFound(id))
  )
}

const current: Locator = { ResourceIdentifierType: 'current', ResourceIdentifier: 'current' }

/** What an identifier is by its own form, whatever type the model gave it; null when the tool cannot honour that. */
function locatorIn(id: string, kind: ResourceKind): Locator | null {
  const url = wholeUrl.exec(id)?.[0]
  if (url !== undefined) return kind.types.includes('url') ? located('url', url.replace(/[.,;:]+$/, '')) : null
  const number = /^[#!&]?(\d+)$/.exec(id)?.[1]
  if (number !== undefined && kind.types.includes('iid')) return located('iid', Number(number))
  if (!kind.types.includes('reference')) return null
  if (fullReference.test(id)) return located('reference', id)
  return kind.sign === null && /^[0-9a-f]{7,40}$/i.test(id) ? located('reference', id) : null
}

/** The first URL, reference or number that a text names. */
function namedInText(text: string, kind: ResourceKind): Locator | null {
  const url = wholeUrl.exec(text)?.[0]
  if (url !== undefined) return locatorIn(url, kind)
  const words = text.match(/[\w./-]*[#!&@]\w+/g) ?? []
  const hashes = kind.sign === null ? (text.match(/\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b/gi) ?? []) : []
  for (const word of [...words, ...hashes]) {
    const signed = kind.sign === null || word.includes(kind.sign)
    const found = signed ? locatorIn(word, kind) : null
    if (found !== null) return found
  }
  return null
}

/** Nothing GitLab can look up: as a reference it is answered "not found", where another type may end the whole question. */
function notFound(id: string): Locator {
  return located('reference', id)
}

function located(type: LocatorType, id: string | number): Locator {
  return { ResourceIdentifierType: type, ResourceIdentifier: id }
}
