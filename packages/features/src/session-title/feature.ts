import { z } from 'zod'
import { bareText } from '../answer/plain-text.ts'
import { wholeText } from '../answer/text-stream.ts'
import { optionalText, text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'

const system = `You name a session of an agent so that its user finds it again in a list.
Reply with the title alone: at most 40 characters, sentence case, no quotes, no full stop at the end.`

const user = `Kind of session: {{definition}}
<context>
{{context}}
</context>`

const charsMax = 40

/** A title for a session of the agent platform; without a usable one the name of its flow. */
export const sessionTitle = promptFeature({
  name: 'session-title',
  title: 'Session title',
  promptId: 'generate_session_title',
  unitPrimitives: ['duo_agent_platform'],
  setting: 'duo_agent_platform',
  promised: 'newer GitLab',
  defaults: promptDefaults.oneShot,
  inputs: z.object({ context: text(), definition: optionalText() }),
  variants: { base: { system, user, maxTokens: 40 } },
  shrink: [{ slot: 'context', keep: 'start' }],
  answer: ({ definition }) => wholeText((answer) => titleIn(answer) || definition),
})

function titleIn(answer: string): string {
  const [bare = ''] = bareText(answer)
    .split('\n')
    .map((line) => line.replace(/^[#>*\-\s"'`]+|["'`*\s]+$/g, '').replace(/[.!?:;,]+$/, ''))
    .filter((line) => line !== '')
  const chars = Array.from(bare)
  if (chars.length <= charsMax) return bare
  const cut = chars.slice(0, charsMax + 1).join('')
  return (
    cut.slice(0, Math.max(cut.lastIndexOf(' '), 1)).replace(/[.!?:;,\s]+$/, '') || chars.slice(0, charsMax).join('')
  )
}
