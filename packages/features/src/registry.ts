import { codeCompletion } from './code-completion/feature.ts'
import { codeGeneration } from './code-generation/feature.ts'
import type { Feature } from './feature.ts'
import { openAiChat } from './openai-chat/feature.ts'
import { openAiCompletion } from './openai-completion/feature.ts'

/** Every feature Penstock serves. Adding one is adding a folder and a line here. */
export const features = {
  'code-completion': codeCompletion,
  'code-generation': codeGeneration,
  'openai-chat': openAiChat,
  'openai-completion': openAiCompletion,
} as const

export type FeatureName = keyof typeof features

/** The feature of that name, for jobs that arrive with a name; undefined when this version does not know it. */
export function featureByName(name: string): Feature<unknown> | undefined {
  return Object.hasOwn(features, name) ? features[name as FeatureName] : undefined
}
