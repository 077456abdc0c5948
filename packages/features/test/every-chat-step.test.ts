import { familyNames, traitsOf } from '@penstock/models'
import { describe, expect, test } from 'vitest'
import { readChatEvents } from '../src/chat/event-reader.ts'
import { eventLine } from '../src/chat/events.ts'
import { toolNames } from '../src/chat/tools.ts'
import { readChatLines } from './rails/chat-events.ts'

/* From a model's reply to GitLab's own reading of the events, for every family that writes text. */

const textFamilies = familyNames.filter((family) => traitsOf(family).generatesText)

const replies: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'an answer',
    'answer: Run `git rebase`.',
    [
      'I know this.\nFinal Answer: Run `git rebase`.',
      'Final Answer:Run `git rebase`.\n',
      '**Final Answer:** Run `git rebase`.',
      'Thought: easy\nAction: DirectAnswer\nFinal Answer: Run `git rebase`.',
      'Run `git rebase`.',
      '<think>Action: issue_reader\nAction Input: 1</think>Final Answer: Run `git rebase`.',
      '<think>\nhm\n</think>\n\nRun `git rebase`.',
    ],
  ],
  [
    'a tool',
    'action: issue_reader What is #17?',
    [
      'It names one.\nAction: issue_reader\nAction Input: What is #17?',
      'Action: issue_reader\nAction Input: What is #17?\nObservation: made up\nFinal Answer: made up',
      'Action: **issue_reader**\n**Action Input:** What is #17?',
      'Action: IssueReader\nAction Input: What is #17?\n\nObservation:',
      'Action: issue\\_reader\nAction Input: What is #17?',
      'Action: issue_reader',
      '<tool_call>{"name": "issue_reader", "arguments": {"input": "What is #17?"}}</tool_call>',
      '```json\n{"action": "issue_reader", "action_input": "What is #17?"}\n```',
    ],
  ],
  [
    'nothing of use',
    'error: The model gave no answer',
    ['', ' \n ', '<think>never ends', 'Final Answer:', '\n'.repeat(20_000)],
  ],
  ['a tool that does not exist', 'error: tool not available', ['Action: shell\nAction Input: rm -rf /']],
]

describe.each(textFamilies)('%s', (family) => {
  test.each(replies)('%s is read by GitLab, whole or in pieces', (_what, expected, texts) => {
    for (const text of texts)
      for (const pieceChars of [text.length || 1, 7, 1]) {
        const reader = readChatEvents({ family, tools: toolNames, question: 'What is #17?' })
        let body = ''
        for (let at = 0; at < text.length; at += pieceChars)
          body += reader
            .text(text.slice(at, at + pieceChars))
            .map(eventLine)
            .join('')
        body += reader.end('stop').map(eventLine).join('')
        expect({ text, read: readChatLines(body) }).toEqual({ text, read: expected })
      }
  })
})
