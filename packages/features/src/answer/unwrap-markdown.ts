import type { TextStream } from './text-stream.ts'

const fence = '```'
const opening = /^\s*```(?:markdown|md)[ \t]*\r?\n/i
/** As long as a text can still become an opening fence. */
const openingBegun = /^\s*(?:`{0,3}|```(?:m|ma|mar|mark|markd|markdo|markdow|markdown|md)[ \t]*\r?)$/i

/** Takes a Markdown answer out of the Markdown fence that some models wrap around the whole of it. */
export function unwrapMarkdown(): TextStream {
  let state: 'undecided' | 'wrapped' | 'plain' = 'undecided'
  let held = ''
  return {
    push(text) {
      if (state === 'plain') return text
      held += text
      if (state === 'undecided') {
        if (openingBegun.test(held)) return ''
        const opened = opening.exec(held)
        if (opened === null) return release('plain')
        state = 'wrapped'
        held = held.slice(opened[0].length)
      }
      const ready = held.slice(0, closingBegins(held))
      held = held.slice(ready.length)
      return ready
    },
    end() {
      if (state !== 'wrapped') return release('plain')
      const rest = release('plain')
      return rest.trim() === fence ? '' : rest
    },
  }

  function release(next: 'wrapped' | 'plain'): string {
    state = next
    const text = held
    held = ''
    return text
  }
}

/** Where the end of the text begins that may be the closing fence: blanks, with up to three backticks on a line of their own. */
function closingBegins(text: string): number {
  const body = text.trimEnd()
  const fenced = body.endsWith(fence) ? fence.length : body.endsWith('``') ? 2 : body.endsWith('`') ? 1 : 0
  const ahead = body.slice(0, body.length - fenced)
  const ownLine = ahead === '' || ahead.trimEnd().length < ahead.length
  return fenced > 0 && !ownLine ? body.length : ahead.trimEnd().length
}
