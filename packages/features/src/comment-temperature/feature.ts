import { z } from 'zod'
import { findJson } from '../answer/find-json.ts'
import { wholeText } from '../answer/text-stream.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'

const system = `You judge whether a comment may hurt the person it is written to, before it is posted.
Rating 1: polite or neutral; criticism of the work is fine. Rating 2: insulting, sarcastic, dismissive, or about the person and not the work.
Reply with a JSON object and nothing else: {"rating": 1 or 2, "issues": [at most three short texts, each naming what to rephrase]}. With rating 1 the list is empty.
${dataRule}`

const user = `<comment>
{{content}}
</comment>`

/** Whether a comment should be rephrased. A judgement that cannot be read lets the comment pass. */
export const commentTemperature = promptFeature({
  name: 'comment-temperature',
  title: 'Comment temperature',
  promptId: 'measure_comment_temperature',
  unitPrimitives: ['measure_comment_temperature'],
  promised: 'GitLab.com only',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ content: text() }),
  variants: { base: { system, user }, gpt: { temperature: null, maxTokens: null } },
  shrink: [{ slot: 'content', keep: 'start' }],
  answer: () => wholeText((answer) => JSON.stringify(judgementIn(answer))),
})

const issuesMax = 3

function judgementIn(answer: string): { rating: 1 | 2; issues: string[] } {
  const found = findJson(answer, 'object').find((value) => value !== null && Object.hasOwn(value as object, 'rating'))
  const { rating, issues } = (found ?? {}) as { rating?: unknown; issues?: unknown }
  if (Number(rating) < 2 || rating === undefined || Number.isNaN(Number(rating))) return { rating: 1, issues: [] }
  const named = (Array.isArray(issues) ? issues : []).filter((issue) => typeof issue === 'string' && issue !== '')
  return { rating: 2, issues: named.slice(0, issuesMax) as string[] }
}
