import { z } from 'zod'
import { findJson } from '../answer/find-json.ts'
import { wholeText } from '../answer/text-stream.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptFeature } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'
import { categories, labels } from './labels.ts'

const system = `You sort a question that was put to a chat assistant in GitLab.
Reply with a JSON object and nothing else:
{"category": one of the categories, "detailed_category": a narrower one in your own words, "labels": [those that apply], "language": the ISO 639-1 code of the question}

Categories:
${categories.map((category) => `- ${category}`).join('\n')}

Labels:
${labels.map((label) => `- ${label}`).join('\n')}
${dataRule}`

const user = `{{#previous_answer}}
<previous_answer>
{{previous_answer}}
</previous_answer>
{{/previous_answer}}
<question>
{{question}}
</question>`

/** What kind of question was put to the chat, for GitLab's telemetry. */
export const questionCategory = promptFeature({
  name: 'question-category',
  title: 'Chat question category',
  promptId: 'categorize_question',
  unitPrimitives: ['duo_chat', 'duo_classic_chat'],
  promised: 'GitLab.com only',
  defaults: { lane: 'background', firstByteMs: 15_000, totalMs: 20_000 },
  inputs: z.object({ question: text(), previous_answer: optionalText() }),
  variants: { base: { system, user, temperature: 0, maxTokens: 500 }, gpt: { temperature: null } },
  shrink: [{ slot: 'previous_answer', keep: 'start' }],
  answer: () => wholeText((answer) => JSON.stringify(categoryIn(answer))),
})

function categoryIn(answer: string) {
  const objects = findJson(answer, 'object') as Record<string, unknown>[]
  const said = objects.find((object) => Object.hasOwn(object, 'category')) ?? {}
  return {
    category: categories.find((category) => category === said.category) ?? 'Other',
    detailed_category: typeof said.detailed_category === 'string' ? said.detailed_category : 'Other',
    labels: (Array.isArray(said.labels) ? said.labels : []).filter((label) => labels.includes(label)),
    language: typeof said.language === 'string' && /^[a-z]{2}$/.test(said.language) ? said.language : 'en',
  }
}
