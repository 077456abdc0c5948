import { z } from 'zod'
import { plainText } from '../answer/plain-text.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { dataRule } from '../prompt/styles.ts'

const system = `You tell the user of an agent why its session ended as it did.
One to three sentences of plain prose, at most 1,024 characters: the cause alone, no advice, no retelling of the steps.
${dataRule}`

const user = `<log>
{{logs}}
</log>

Why did the session end like this?`

/** Why a session of the agent platform ended, in a few sentences. */
export const sessionSummary = promptFeature({
  name: 'session-summary',
  title: 'Session summary',
  promptId: 'summarize_duo_workflow',
  unitPrimitives: ['duo_agent_platform'],
  setting: 'duo_agent_platform',
  promised: 'newer GitLab',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ logs: text() }),
  variants: { base: { system, user, maxTokens: 1024 } },
  shrink: [{ slot: 'logs', keep: 'end' }],
  answer: () => plainText({ charsMax: 1024 }),
})
