/** Rewrites an answer while it comes: what may still have to change is held back. */
export interface TextStream {
  /** The text that can leave now. */
  push(text: string): string
  /** What was held back at the end of the answer. */
  end(): string
}

/** An answer that only makes sense as a whole: nothing leaves before its end. */
export function wholeText(rewrite: (text: string) => string): TextStream {
  const pieces: string[] = []
  return {
    push(text) {
      pieces.push(text)
      return ''
    },
    end: () => rewrite(pieces.join('')),
  }
}

/** One rewriting after another. */
export function inTurn(first: TextStream, second: TextStream): TextStream {
  return {
    push: (text) => second.push(first.push(text)),
    end: () => second.push(first.end()) + second.end(),
  }
}

/** The same for an answer that is already whole. */
export function rewritten(text: string, stream: TextStream): string {
  return stream.push(text) + stream.end()
}
