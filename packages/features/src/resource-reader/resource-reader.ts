import { z } from 'zod'
import { wholeText } from '../answer/text-stream.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import type { PromptFeature, PromptFeatureDefinition } from '../prompt/prompt-feature.ts'
import type { ResourceKind } from './locator.ts'
import { variantsFor } from './prompt.ts'
import { readableLocator } from './read-locator.ts'
import type { ReaderQuestion } from './read-locator.ts'

const Inputs: z.ZodType<ReaderQuestion> = z.object({ input: text(), suggestions: optionalText() })

type Reader = Pick<PromptFeatureDefinition<ReaderQuestion>, 'name' | 'title' | 'promptId' | 'unitPrimitives'>

/** A tool of the chat that finds out which resource a question is about; GitLab then reads it with the user's rights. */
export function resourceReader(reader: Reader, kind: ResourceKind): PromptFeature<ReaderQuestion> {
  return promptFeature({
    ...reader,
    setting: 'duo_chat',
    promised: 'GA 17.9',
    defaults: promptDefaults.chat,
    inputs: Inputs,
    variants: variantsFor(kind),
    shrink: [
      { slot: 'suggestions', keep: 'end' },
      { slot: 'input', keep: 'start' },
    ],
    answer: (question) => wholeText((answer) => readableLocator(answer, kind, question)),
  })
}
