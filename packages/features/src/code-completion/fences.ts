const openingFence = /^\s*```[^\s`]*[ \t]*\r?\n/

/** Takes code out of a Markdown fence that opens the text, or drops a lone closing fence at its end. */
export function stripFences(text: string): string {
  const opening = openingFence.exec(text)
  return opening === null ? dropLoneFence(text) : beforeFence(text.slice(opening[0].length))
}

function beforeFence(code: string): string {
  const lines = code.split('\n')
  const closing = lines.findIndex(isFence)
  return closing < 0 ? code : withoutLineEnd(lines.slice(0, closing).join('\n'))
}

/** A closing fence without an opening one: the model took the fence for opened. Pairs belong to the code, say to a doc comment. */
function dropLoneFence(text: string): string {
  const trimmed = text.trimEnd()
  const lines = trimmed.split('\n')
  const fences = lines.filter(isFence).length
  if (fences % 2 === 0 || lines.at(-1)?.trim() !== '```') return text
  return withoutLineEnd(lines.slice(0, -1).join('\n'))
}

function isFence(line: string): boolean {
  return line.trimStart().startsWith('```')
}

function withoutLineEnd(code: string): string {
  return code.endsWith('\r') ? code.slice(0, -1) : code
}
