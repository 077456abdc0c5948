import type { TextStream } from '../answer/text-stream.ts'

/** Said when a model names sources and nothing else. GitLab cannot read an answer without text, and shows no sources with this one. */
const noAnswer = 'I do not know: the documentation I was given does not answer this.'

const marker = 'CNT-IDX-'
/** A marker in the running text, with the brackets and blanks around it. */
const inlineCitation = /[ \t]?[([{]?CNT-IDX-([\w/-]*(?:\.[\w/-]+)*)[)\]}]?/g
/** Longest piece of a marker that is worth waiting for, characters. */
const citationCharsMax = 200

/**
 * Text, then the heading with the sources it used. Sources that GitLab would not find among the documents are left out, markers in the
 * text are taken out of it and listed, and an answer always begins with text. An answer in order stays as it is, byte by byte.
 */
export function citedSources(heading: string, documentIds: readonly string[]): TextStream {
  const known = new Set(documentIds.filter((id) => /^[0-9a-z]+$/.test(id)))
  const cited: string[] = []
  let held = ''
  let trailer: string | null = null
  let hasText = false

  return {
    push(text) {
      if (trailer !== null) {
        trailer += text
        return ''
      }
      held += text
      const at = headingIn(held, heading)
      if (at !== null) {
        const body = held.slice(0, at)
        trailer = held.slice(at)
        held = ''
        return said(body)
      }
      const ready = held.slice(0, settledUntil(held, heading))
      held = held.slice(ready.length)
      return said(ready)
    },
    end() {
      const rest = said(held)
      if (hasText && cited.length === 0 && (trailer === null || isInOrder(trailer))) return rest + (trailer ?? '')
      const opening = hasText ? '' : noAnswer
      const found = hasText ? [...new Set([...cited, ...idsIn(trailer ?? '')])].filter((id) => known.has(id)) : []
      if (trailer === null && found.length === 0) return rest + opening
      return `${rest.trimEnd()}${opening}\n\n${heading}:${found.map((id) => `\n${marker}${id}`).join('')}`
    },
  }

  /** A piece of the text, without the markers in it. */
  function said(piece: string): string {
    const bare = piece.replace(inlineCitation, (_all, id: string) => {
      if (id !== '') cited.push(id.toLowerCase())
      return ''
    })
    if (bare.trim() !== '') hasText = true
    return hasText ? bare : ''
  }

  /** Whether GitLab reads the list as it stands, and finds every source. */
  function isInOrder(list: string): boolean {
    const [ahead, sources, ...more] = list.split(`${heading}:`)
    if (ahead?.trim() !== '' || sources === undefined || more.length > 0) return false
    return /^(\s+CNT-IDX-[0-9a-z]+)*\s*$/.test(sources) && idsIn(sources).every((id) => known.has(id))
  }
}

function idsIn(list: string): string[] {
  return [...list.matchAll(/CNT-IDX-([\w./-]+)/g)].map(([, id]) => (id ?? '').toLowerCase().replace(/[.-]+$/, ''))
}

/** Where the heading begins, with the line feeds and the emphasis before it; null: not in this text. */
function headingIn(text: string, heading: string): number | null {
  for (let at = text.indexOf(heading); at >= 0; at = text.indexOf(heading, at + 1))
    if (!/\w/.test(text[at + heading.length] ?? '')) return leadOf(text, at)
  return null
}

/** How much of a text can be told to hold no part of a heading or marker. */
function settledUntil(text: string, heading: string): number {
  const until = Math.min(partAtEnd(text, heading), openCitation(text))
  return leadOf(text, until)
}

/** The index before the emphasis and the blanks that end at `end`. */
function leadOf(text: string, end: number): number {
  let at = end
  while (at > 0 && '*#_>- \t'.includes(text[at - 1] ?? '')) at--
  while (at > 0 && /\s/.test(text[at - 1] ?? '')) at--
  return at
}

/** Where an end of the text begins that the heading may go on from; the text's length when none does. */
function partAtEnd(text: string, heading: string): number {
  for (let length = Math.min(heading.length, text.length); length > 0; length--)
    if (text.endsWith(heading.slice(0, length))) return text.length - length
  return text.length
}

/** Where a marker at the end of the text begins that may not be whole; the text's length when there is none. */
function openCitation(text: string): number {
  const tail = text.slice(-citationCharsMax)
  const opening = /[ \t]?[([{]?(?:CNT-IDX-[\w./-]*[)\]}]?|C(?:N(?:T(?:-(?:I(?:D(?:X-?)?)?)?)?)?)?)?$/.exec(tail)
  return opening === null || opening[0] === '' ? text.length : text.length - opening[0].length
}
