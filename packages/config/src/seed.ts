import { formatProblems, type LocatedProblem, parseConfig } from './parse-yaml.ts'
import type { ConfigStore } from './store.ts'

export type Seeded =
  | { readonly kind: 'seeded'; readonly version: number }
  /** The store already holds a document, which stays. */
  | { readonly kind: 'present'; readonly version: number }
  | { readonly kind: 'invalid'; readonly problems: readonly LocatedProblem[]; readonly text: string }

/** Puts a YAML document into an empty store. Of several processes seeding at once one succeeds. */
export async function seedConfig(
  store: ConfigStore,
  yamlText: string,
  options: { readonly file: string; readonly author?: string },
): Promise<Seeded> {
  const parsed = parseConfig(yamlText, options)
  if (!parsed.ok) return { kind: 'invalid', problems: parsed.problems, text: formatProblems(parsed.problems) }
  const applied = await store.apply(parsed.document, {
    author: options.author ?? 'seed',
    note: `seeded from ${options.file}`,
    expectedVersion: 0,
  })
  switch (applied.kind) {
    case 'applied':
      return { kind: 'seeded', version: applied.version }
    case 'conflict':
      return { kind: 'present', version: applied.currentVersion }
    case 'invalid':
      throw new Error('a document that was parsed is refused when it is stored')
  }
}
