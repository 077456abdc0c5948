/** `{{name}}`, or a part that stands only when its text is not blank: `{{#name}} … {{/name}}`. */
const slot = /\{\{#(\w+)\}\}\n?([^]*?)\{\{\/\1\}\}\n?|\{\{(\w+)\}\}/g

/**
 * Fills a template in one pass, so that nothing inside a text is ever taken for a slot. A name without a text is a bug of the
 * template and throws.
 */
export function fillTemplate(template: string, texts: Readonly<Record<string, string>>): string {
  return template.replace(slot, (_all, section: string | undefined, inner: string, name: string | undefined) => {
    if (section === undefined) return textAt(texts, name ?? '')
    return textAt(texts, section).trim() === '' ? '' : fillTemplate(inner, texts)
  })
}

/** The names a template refers to. */
export function slotsOf(template: string): string[] {
  return [...template.matchAll(slot)].flatMap(([, section, inner, name]) =>
    section === undefined ? [name ?? ''] : [section, ...slotsOf(inner ?? '')],
  )
}

function textAt(texts: Readonly<Record<string, string>>, name: string): string {
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined
  if (text === undefined) throw new Error(`the template asks for ${name}, which its feature does not give`)
  return text
}
