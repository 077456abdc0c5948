/** A part of a page under one heading. */
export interface Section {
  /** Title of the page. */
  readonly title: string
  /** Headings from the page's first level down to this one, without the title; empty for what stands ahead of any. */
  readonly heading: string
  /** Fragment of the heading's link; empty for the top of the page. */
  readonly anchor: string
  readonly content: string
}

/** Longer parts are cut at a blank line, characters: a few of them must fit into a prompt. */
const sectionCharsMax = 6000

/** The sections of a Markdown page; none for a page that only points elsewhere. */
export function sectionsOf(markdown: string, fallbackTitle: string): Section[] {
  const { fields, body } = withoutFrontMatter(markdown.replace(/\r\n?/g, '\n'))
  if ('redirect_to' in fields) return []
  const found: Section[] = []
  let title = fields['title'] ?? ''
  let path: { readonly level: number; readonly text: string }[] = []
  let lines: string[] = []
  let fence: string | null = null
  const close = (): void => {
    const text = cleaned(lines.join('\n'))
    lines = []
    if (text === '') return
    const heading = path.map((each) => each.text).join(' > ')
    const anchor = anchorOf(path.at(-1)?.text ?? '')
    for (const content of pieces(text)) found.push({ title, heading, anchor, content })
  }
  for (const line of body.split('\n')) {
    const marks = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (marks !== undefined) fence = fence === null ? marks : marks.startsWith(fence) ? null : fence
    const heading = fence === null ? /^(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line) : null
    if (heading === null) {
      lines.push(line)
      continue
    }
    close()
    const level = heading[1]?.length ?? 1
    const text = plain(heading[2] ?? '')
    if (level === 1 && title === '') title = text
    else path = level === 1 ? [] : [...path.filter((each) => each.level < level), { level, text }]
  }
  close()
  return found.map((section) => ({ ...section, title: section.title || title || fallbackTitle }))
}

function withoutFrontMatter(markdown: string): { fields: Record<string, string>; body: string } {
  const matched = /^---\n([\s\S]*?)\n---\n/.exec(markdown)
  if (matched === null) return { fields: {}, body: markdown }
  const entries = (matched[1] ?? '').split('\n').flatMap((line) => {
    const field = /^([a-z_]+):\s*(.*)$/.exec(line)
    return field === null ? [] : [[field[1] ?? '', (field[2] ?? '').replace(/^(['"])(.*)\1$/, '$2')] as const]
  })
  return { fields: Object.fromEntries(entries), body: markdown.slice(matched[0].length) }
}

/** Without comments and the site's own markup, which say nothing to a reader. */
function cleaned(text: string): string {
  return text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\{\{[<%][\s\S]*?[>%]\}\}/g, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function plain(heading: string): string {
  return cleaned(heading)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
}

/** As GitLab's documentation site links headings. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s+/g, '-')
}

function pieces(text: string): string[] {
  const cut: string[] = []
  let rest = text
  while (rest.length > sectionCharsMax) {
    const blank = rest.lastIndexOf('\n\n', sectionCharsMax)
    const at = blank > sectionCharsMax / 2 ? blank : sectionCharsMax
    cut.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  return rest === '' ? cut : [...cut, rest]
}
