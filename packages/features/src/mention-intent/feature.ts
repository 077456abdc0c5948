import { z } from 'zod'
import { wholeText } from '../answer/text-stream.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'

const intents = ['code_review_request', 'write_actions', 'assistant_flow'] as const

const system = `Someone mentioned the code review bot in a merge request. Say what they want, with exactly one of these words:
code_review_request: the bot should review the change, or review it again.
write_actions: the bot should change something: code, labels, assignees, the merge request itself.
assistant_flow: anything else, questions above all. Also when you are not sure.
${dataRule}`

const user = `<mention>
{{message}}
</mention>

Reply with one of the three words.`

/** What a mention of the review bot asks for; an assistant's answer when nothing tells. */
export const mentionIntent = promptFeature({
  name: 'mention-intent',
  title: 'Intent of a mention in code review',
  promptId: 'classify_code_review_mention_intent',
  unitPrimitives: ['duo_agent_platform'],
  setting: 'duo_agent_platform',
  promised: 'newer GitLab',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ message: text() }),
  variants: { base: { system, user, maxTokens: 50 } },
  shrink: [{ slot: 'message', keep: 'start' }],
  answer: () => wholeText(intentIn),
})

/** The intent named first; models like to explain their choice behind it. */
function intentIn(answer: string): string {
  const said = answer.toLowerCase().replace(/[\s-]+/g, '_')
  const named = intents.filter((intent) => said.includes(intent)).sort((a, b) => said.indexOf(a) - said.indexOf(b))
  return named[0] ?? 'assistant_flow'
}
