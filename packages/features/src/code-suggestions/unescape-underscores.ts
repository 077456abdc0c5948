import type { TextStream } from '../answer/text-stream.ts'

/** Mixtral escapes underscores as Markdown does. */
export function unescapeUnderscores(text: string): string {
  return text.replaceAll('\\_', '_')
}

/** The same for text that comes in pieces: a backslash at the end of one waits for the next. */
export function underscoreStream(): TextStream {
  let held = ''
  return {
    push(text) {
      const all = held + text
      held = all.endsWith('\\') ? '\\' : ''
      return unescapeUnderscores(held === '' ? all : all.slice(0, -1))
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}
