import type { PromptVariant, PromptVariants } from '../prompt/prompt-feature.ts'
import type { LocatorType, ResourceKind } from './locator.ts'

const meanings: Readonly<Record<LocatorType, (noun: string) => string>> = {
  current: (noun) =>
    `"current": the question is about "this" ${noun}, the one on the page. ResourceIdentifier is "current".`,
  iid: () => '"iid": the question gives a number. ResourceIdentifier is the number without any sign before it.',
  url: () => '"url": the question gives a URL. ResourceIdentifier is the URL.',
  reference: () =>
    '"reference": the question gives a reference with its project or group. ResourceIdentifier is the reference.',
}

/** The prompt of one reader. */
export function variantsFor(kind: ResourceKind): PromptVariants {
  const system = `You find out which ${kind.noun} a question is about. You do not answer the question.

Reply with a JSON object and nothing else, without a fence:
{"ResourceIdentifierType": type, "ResourceIdentifier": identifier}

The types, of which the first that fits is right:
${[...kind.types]
  .sort(explicitFirst)
  .map((type) => `- ${meanings[type](kind.noun)}`)
  .join('\n')}

Examples:
${kind.examples}`

  const user = `Question: {{input}}
{{#suggestions}}
Notes: {{suggestions}}
{{/suggestions}}`

  const reminded = { user: `${user}\nReply with the JSON object only.` }
  const { base, ...others } = kind.temperatures
  const variants: Record<string, Partial<PromptVariant>> = { mistral: reminded, llama3: reminded }
  for (const [variant, temperature] of Object.entries(others)) variants[variant] = { ...variants[variant], temperature }
  return { ...variants, base: { system, user, temperature: base, maxTokens: 2048 } }
}

/** What the question spells out goes before what the page shows. */
function explicitFirst(left: LocatorType, right: LocatorType): number {
  const order: readonly LocatorType[] = ['url', 'reference', 'iid', 'current']
  return order.indexOf(left) - order.indexOf(right)
}
