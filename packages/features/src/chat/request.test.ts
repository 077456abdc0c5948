import { expect, test } from 'vitest'
import { missingContextScope, parseChat } from './request.ts'
import { toolsFor } from './tools.ts'

const user = (content: string, more: object = {}) => ({ role: 'user', content, ...more })
const parse = (messages: unknown, more: object = {}) => {
  const parsed = parseChat({ messages, ...more })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  return parsed.request
}
const step = { action: { thought: 'see\\_it', tool: 'issue\\_reader', tool_input: '#1' }, observation: '<issue/>' }

test('an assistant message without content holds the steps so far', () => {
  const request = parse([user('What is #1?'), { role: 'assistant', agent_scratchpad: [step] }])
  expect(request.steps).toEqual([{ thought: 'see_it', tool: 'issue_reader', toolInput: '#1', observation: '<issue/>' }])
  expect(request.turns).toHaveLength(1)
  expect(request.unusable).toBeNull()
})

test('steps of an earlier answer stay with it', () => {
  const request = parse([user('a'), { role: 'assistant', content: 'b', agent_scratchpad: [step] }, user('c')])
  expect(request.turns[1]?.steps).toHaveLength(1)
  expect(request.steps).toEqual([])
})

test('old GitLab sends the steps in options', () => {
  const options = {
    agent_scratchpad: { agent_type: 'react', steps: [{ thought: 't', tool: 'x', tool_input: 'i', observation: 'o' }] },
  }
  expect(parse([user('a')], { options }).steps).toEqual([{ thought: 't', tool: 'x', toolInput: 'i', observation: 'o' }])
})

test('steps on a user message are misplaced, null ones are not', () => {
  expect(parse([user('a', { agent_scratchpad: [] })]).misplacedSteps).toBe(true)
  expect(parse([user('a', { agent_scratchpad: null })]).misplacedSteps).toBe(false)
})

test.each([
  [{ type: 'issue', title: 'Release' }, 'issue: Release'],
  [{ type: 'merge_request', title: 'Fix' }, 'merge request: Fix'],
  [{ type: 'build' }, 'build'],
  [{ type: 'issue', content: 'old form' }, 'issue\nold form'],
  [null, ''],
])('the page %o is told as %j', (context, page) => expect(parse([user('a', { context })]).turns[0]?.page).toBe(page))

test.each([
  ['no messages', []],
  ['no list', {}],
  ['a message without role', [{ content: 'a' }]],
  ['an unknown role', [{ role: 'tool', content: 'a' }]],
  ['content that is no text', [user(7 as unknown as string)]],
  ['context of an unknown form', [user('a', { context: { type: 'issue' } })]],
])('%s is refused', (_what, messages) => expect(parseChat({ messages }).ok).toBe(false))

test.each([
  ['a system message', [{ role: 'system', content: 's' }, user('a')]],
  ['an answer last', [user('a'), { role: 'assistant', content: 'b' }]],
  ['a question without words', [user('')]],
])('%s cannot be asked', (_what, messages) => expect(parse(messages).unusable).toEqual(expect.any(String)))

test('known categories of context ask for their scope, others are text', () => {
  const withContext = (category: string) => parse([user('a', { additional_context: [{ category }] })])
  expect(missingContextScope(withContext('file'), new Set())).toBe('include_file_context')
  expect(missingContextScope(withContext('file'), new Set(['include_file_context']))).toBeNull()
  expect(missingContextScope(withContext('user_rule'), new Set())).toBeNull()
  const earlier = parse([
    user('a', { additional_context: [{ category: 'issue' }] }),
    { role: 'assistant', content: 'b' },
    user('c'),
  ])
  expect(missingContextScope(earlier, new Set())).toBe('include_issue_context')
})

const allScopes = new Set([
  'ask_build',
  'ask_epic',
  'ask_issue',
  'ask_merge_request',
  'ask_commit',
  'ask_work_item',
  'documentation_search',
])
const always = ['epic_reader', 'issue_reader', 'work_item_reader', 'gitlab_documentation']

test.each(['17.5.0-pre', '17.5.0', '18.9.0', '18.9.0-pre', 'v18.10.1-ee'])('GitLab %s has every tool', (version) => {
  expect(toolsFor(allScopes, version)).toHaveLength(7)
})

test.each(['17.4.9', '16.11.0', '', undefined, 'latest', '18', '18.x', `${'9'.repeat(400)}.1`])(
  'GitLab %s has the tools of every version',
  (version) => expect(toolsFor(allScopes, version)).toEqual(always),
)

test('a tool needs its scope', () =>
  expect(toolsFor(new Set(['ask_issue', 'duo_chat']), '18.9.0')).toEqual(['issue_reader']))
