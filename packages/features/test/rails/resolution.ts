/** GitLab's reading of a vulnerability resolution, as strict as its own (contract features §2.3). */
export type Resolution =
  | { readonly kind: 'fixed'; readonly file: string; readonly changed: boolean }
  | { readonly kind: 'false positive' }
  | { readonly kind: 'unreadable' }

export function parseResolution(text: string, file: string): Resolution {
  const section = (tag: string): string | undefined => new RegExp(`<${tag}>\\n([^]*?)</${tag}>`).exec(text)?.[1]
  if (section('is_false_positive')?.trim().toLowerCase() === 'true') return { kind: 'false positive' }
  const fixed = section('fixed_code')
  if (fixed === undefined || fixed.trim() === '') return { kind: 'false positive' }
  const inside = (tag: string): string[] =>
    [...fixed.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))].map(([, inner]) => (inner ?? '').trim())
  const olds = inside('old_code')
  const news = inside('new_code')
  if (olds.length === 0 || olds.length > news.length) return { kind: 'unreadable' }
  const after = olds.reduce((all, old, index) => all.split(old).join(rubyReplacement(news[index] ?? '', old)), file)
  return { kind: 'fixed', file: after, changed: after !== file }
}

/** What Ruby's substitution makes of a replacement for a plain pattern: a pattern without groups has none to insert. */
function rubyReplacement(replacement: string, match: string): string {
  return replacement.replace(/\\(?:([\\0-9&`'])|k<[^>]*>)/g, (_all, sign: string | undefined) => {
    if (sign === '\\') return '\\'
    return sign === '0' || sign === '&' ? match : ''
  })
}
