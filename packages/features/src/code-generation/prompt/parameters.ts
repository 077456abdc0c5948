import { unableMarker } from '../../code-suggestions/cursor-marker.ts'

export interface GenerationParameters {
  /** Undefined: the family's own. */
  readonly temperature?: number
  /** Undefined: the family's own. */
  readonly maxTokens?: number
  readonly topP?: number
  readonly stop: readonly string[]
}

const short: GenerationParameters = { temperature: 0.95, maxTokens: 256, stop: [] }
const long: GenerationParameters = { temperature: 0.95, maxTokens: 512, stop: [] }

/** By prompt variant (contract http §8.4.5); the words are the same for all. */
export const generationVariants: {
  readonly base: GenerationParameters
} & Readonly<Record<string, GenerationParameters>> = {
  base: { temperature: 0.2, maxTokens: 2048, stop: [unableMarker] },
  codegemma: long,
  deepseekcoder: long,
  codellama: short,
  mistral: short,
  mixtral: { stop: [] },
  codestral: { temperature: 0.3, maxTokens: 256, stop: [] },
  llama3: { maxTokens: 256, stop: [] },
  gpt: { temperature: 1, maxTokens: 512, stop: [] },
}

/** Requests of clients so old that they name no prompt (contract http §8.2). */
export const promptlessParameters: GenerationParameters = { temperature: 0.2, topP: 0.95, maxTokens: 2048, stop: [] }
