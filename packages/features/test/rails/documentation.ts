/** GitLab's reading of a documentation answer, as strict as its own (contract features §2.5). Throws where GitLab does. */
export function parseDocumentation(text: string): { readonly shown: string; readonly ids: readonly string[] } {
  const parts = text.split('ATTRS:')
  const shown = parts[0]
  // Ruby's split leaves out what is empty at the end: a heading alone leaves nothing.
  if (parts.every((part) => part === '')) throw new Error('undefined method for nil')
  const ids = [...(parts[1] ?? '').matchAll(/CNT-IDX-([0-9a-z]+)/g)].map(([, id]) => id ?? '')
  return { shown: (shown ?? '').trim(), ids: /i do.*n.*know/is.test(shown ?? '') ? [] : ids }
}
