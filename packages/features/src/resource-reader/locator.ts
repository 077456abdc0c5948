/** How a tool names the thing it reads; which of these GitLab can honour depends on the tool (contract features §2.4). */
export type LocatorType = 'current' | 'iid' | 'url' | 'reference'

export interface Locator {
  readonly ResourceIdentifierType: LocatorType
  readonly ResourceIdentifier: string | number
}

/** What tells one reader from another. */
export interface ResourceKind {
  /** In words, as the prompt says it: `issue`, `merge request`. */
  readonly noun: string
  readonly types: readonly LocatorType[]
  /** The sign before a number: `#12`, `!12`, `&12`; null: the kind has no numbers of that form. */
  readonly sign: '#' | '!' | '&' | null
  /** Sampling temperature by prompt variant; null sends none. */
  readonly temperatures: { readonly base: number; readonly [variant: string]: number | null }
  /** Examples of a reference and a URL, for the prompt. */
  readonly examples: string
}
