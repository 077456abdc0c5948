import { z } from 'zod'
import { wholeText } from '../answer/text-stream.ts'
import { text } from '../prompt/fields.ts'
import { promptDefaults, promptFeature } from '../prompt/prompt-feature.ts'
import { fenceCommands } from './answer.ts'
import { variants } from './prompt.ts'

/** `glab duo ask --git`: Git commands for a wish. */
export const gitCommand = promptFeature({
  name: 'git-command',
  title: 'GitLab Duo for the CLI',
  promptId: 'glab_ask_git_command',
  unitPrimitives: ['glab_ask_git_command'],
  setting: 'glab_ask_git_command',
  promised: 'Beta 18.1.2',
  // Somebody waits at a terminal.
  defaults: { ...promptDefaults.oneShot, lane: 'interactive' },
  inputs: z.object({ prompt: text() }),
  variants,
  shrink: [{ slot: 'prompt', keep: 'start' }],
  answer: () => wholeText(fenceCommands),
})
