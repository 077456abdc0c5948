import type { Outside } from './outside.ts'

/** Who the history names for a change of the configuration. */
export const authorOf = (flags: { readonly author?: string }, { environment }: Outside): string =>
  flags.author ?? environment['USER'] ?? 'penstock-cli'
