/** GitLab's reading of a reader tool's answer, as strict as its own (contract features §2.4). */
export type ReadLocator =
  | { readonly kind: 'locator'; readonly type: string; readonly id: unknown }
  /** Asked again, up to three times. */
  | { readonly kind: 'retry' }
  /** Says so to the user. */
  | { readonly kind: 'not found' }
  /** Ends the whole question. */
  | { readonly kind: 'M4001' }

const key = 'ResourceIdentifierType'

export function parseLocator(text: string, types: readonly string[]): ReadLocator {
  const whole = text.includes(key) ? text : `\`\`\`json\n{ "${key}": "${text}`
  const upTo = whole.split('Question:', 1)[0] ?? ''
  const fence = upTo.indexOf('```json')
  const json = (fence < 0 ? upTo : upTo.slice(fence + 7)).split('```', 1)[0] ?? ''
  let value: unknown
  try {
    value = JSON.parse(json.trim())
  } catch {
    return { kind: 'retry' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'M4001' }
  const { ResourceIdentifierType: type, ResourceIdentifier: id } = value as Record<string, unknown>
  if (typeof id !== 'string' && typeof id !== 'number') return { kind: 'M4001' }
  if (typeof type === 'string' && types.includes(type)) return { kind: 'locator', type, id }
  return { kind: type === 'reference' ? 'not found' : 'M4001' }
}
