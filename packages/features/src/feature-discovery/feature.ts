import { z } from 'zod'
import { findJson } from '../answer/find-json.ts'
import { wholeText } from '../answer/text-stream.ts'
import { text } from '../prompt/fields.ts'
import { promptFeature } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'

const system = `You look up which entries of a catalogue of features answer a search.
Reply with a JSON list of the ids that fit, best first, for instance ["id_one", "id_two"]; with [] when none does. Only ids that stand in the catalogue, and nothing but the list.
${dataRule}`

const user = `<catalog>
{{catalog}}
</catalog>
<search>
{{query}}
</search>`

/** The features of a catalogue that answer a search: a JSON list of their ids. */
export const featureDiscovery = promptFeature({
  name: 'feature-discovery',
  title: 'Feature discovery search',
  promptId: 'feature_discovery_search',
  unitPrimitives: ['feature_discovery_search'],
  promised: 'newer GitLab',
  // GitLab waits 3 s.
  defaults: { lane: 'interactive', firstByteMs: 2500, totalMs: 2700 },
  inputs: z.object({ catalog: z.preprocess(listedText, z.string()), query: text() }),
  variants: { base: { system, user, temperature: 0, maxTokens: 1024 } },
  answer: ({ catalog }) => wholeText((answer) => idsIn(answer, catalog)),
})

/** GitLab may send the catalogue as a structure. */
function listedText(catalog: unknown): unknown {
  return typeof catalog === 'object' && catalog !== null ? JSON.stringify(catalog) : catalog
}

function idsIn(answer: string, catalog: string): string {
  const listed = findJson(answer, 'list').find(Array.isArray) ?? []
  const ids = listed
    .map((entry: unknown) => (typeof entry === 'object' && entry !== null ? (entry as { id?: unknown }).id : entry))
    .filter((id: unknown) => (typeof id === 'string' && id !== '') || typeof id === 'number')
  return JSON.stringify([...new Set(ids)].filter((id) => isWord(String(id), catalog)))
}

function isWord(id: string, text: string): boolean {
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1))
    if (!/[\w-]/.test(text[at - 1] ?? '') && !/[\w-]/.test(text[at + id.length] ?? '')) return true
  return false
}
