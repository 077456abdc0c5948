/** How a family wants fill-in-the-middle text to be laid out; `none` is asked by instruction instead. */
export type FimKind = 'codegemma' | 'codellama' | 'deepseekcoder' | 'codestral' | 'qwen' | 'none'

export interface FamilyTraits {
  /** Sampling temperature where a prompt names none; null sends none at all. */
  readonly temperature: number | null
  /** Output tokens where a prompt names none; null sends no limit. */
  readonly maxTokens: number | null
  /** Context window GitLab assumes for the name, tokens. The configuration may know the real one. */
  readonly contextTokens: number
  readonly fim: FimKind
  /** The form where the raw text completion is asked, if the family knows one that its chats do not use. */
  readonly rawFim?: FimKind
  /** Prompt variants in order of preference; `base` follows when none of them exists. */
  readonly promptVariants: readonly string[]
  /** Models without text output take part in no text feature. */
  readonly generatesText: boolean
}

const greedy = { temperature: 0, maxTokens: 4096, fim: 'none', generatesText: true } as const

/** Every value of `model_metadata.name` that GitLab and its own gateway know for self-hosted models. */
export const families = {
  mistral: { ...greedy, contextTokens: 128_000, fim: 'codestral', promptVariants: ['mistral'] },
  mixtral: { ...greedy, contextTokens: 32_000, fim: 'codestral', promptVariants: ['mixtral', 'mistral'] },
  codestral: { ...greedy, contextTokens: 128_000, fim: 'codestral', promptVariants: ['codestral', 'mistral'] },
  llama3: { ...greedy, contextTokens: 128_000, promptVariants: ['llama3'] },
  codellama: { ...greedy, contextTokens: 16_000, fim: 'codellama', promptVariants: ['codellama'] },
  codegemma: { ...greedy, contextTokens: 8_000, fim: 'codegemma', promptVariants: ['codegemma'] },
  deepseekcoder: { ...greedy, contextTokens: 16_000, fim: 'deepseekcoder', promptVariants: ['deepseekcoder'] },
  claude_3: { ...greedy, contextTokens: 200_000, promptVariants: [] },
  general: { ...greedy, contextTokens: 200_000, promptVariants: [] },
  gpt: { ...greedy, temperature: null, maxTokens: null, contextTokens: 128_000, promptVariants: ['gpt'] },
  gemini: { ...greedy, temperature: 1, maxTokens: 65_536, contextTokens: 1_000_000, promptVariants: ['gemini'] },
  qwen: { ...greedy, rawFim: 'qwen', maxTokens: 8_192, contextTokens: 262_144, promptVariants: ['qwen'] },
  embedding: {
    ...greedy,
    temperature: null,
    maxTokens: null,
    contextTokens: 200_000,
    promptVariants: ['embedding'],
    generatesText: false,
  },
} as const satisfies Record<string, FamilyTraits>

export type Family = keyof typeof families

export const familyNames = Object.keys(families) as [Family, ...Family[]]

export function isFamily(name: string): name is Family {
  return Object.hasOwn(families, name)
}

/** The traits of a family, with the literal types widened. */
export function traitsOf(family: Family): FamilyTraits {
  return families[family]
}

/** The first of a family's variants that exists, else `base`. */
export function pickVariant<T>(family: Family, variants: { readonly base: T } & Readonly<Record<string, T>>): T {
  for (const name of traitsOf(family).promptVariants) {
    if (Object.hasOwn(variants, name)) return variants[name] as T
  }
  return variants.base
}
