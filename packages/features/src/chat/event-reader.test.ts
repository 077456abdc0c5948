import type { Family } from '@penstock/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChatEvents } from './event-reader.ts'
import type { ChatEvent } from './events.ts'
import { toolNames } from './tools.ts'

interface Options {
  family?: Family
  finishReason?: string
  tools?: readonly (typeof toolNames)[number][]
}

const read = (
  pieces: readonly string[],
  { family = 'llama3', finishReason = 'stop', tools = toolNames }: Options = {},
) => {
  const reader = readChatEvents({ family, tools, question: 'What is blocking #12?' })
  return [...pieces.flatMap((piece) => reader.text(piece)), ...reader.end(finishReason)]
}

/** Neighbouring deltas as one, without the finish reason. */
const joined = (events: readonly ChatEvent[]): unknown[] => {
  const deltas = events.flatMap((event) => (event.type === 'final_answer_delta' ? [event.data.text] : []))
  return deltas.length > 0 && deltas.length === events.length ? [{ final: deltas.join('') }] : [...events]
}

const final = (text: string) => [{ final: text }]
const action = (tool: string, input: string, thought = '') => [
  { type: 'action', data: { tool, tool_input: input, thought } },
]
const unknown = (text: string) => [{ type: 'unknown', data: { text } }]
const unavailable = [{ type: 'error', data: { message: 'tool not available', retryable: false } }]

describe('the vectors of the contract (features §6.6)', () => {
  test.each([
    ['A1', 'I know.\nAction: DirectAnswer\nFinal Answer: hi', final('hi')],
    ['A2', 'need it\nAction: issue_reader\nAction Input: #12', action('issue_reader', '#12', 'need it')],
    ['A3', 'Thought: dup\nAction: issue_reader\nAction Input: #12', action('issue_reader', '#12', 'Thought: dup')],
    ['A6', 'Final Answer: a </message> b', final('a')],
    ['A8', 'Action: issue_reader\n- Action Input: q', action('issue_reader', 'q')],
    ['A9', 'Action: issue_reader\nAction: epic_reader\nAction Input: q', action('issue_reader', 'q')],
    ['A10', 'Action: issue_reader\nAction Input: 1', action('issue_reader', '1')],
    ['A11', 'Action: issue\\_reader\nAction Input: 1', action('issue_reader', '1')],
    ['A12, cut by us', 'Action: issue_reader\nAction Input: 1\nObservation: made up', action('issue_reader', '1')],
  ])('%s', (_name, text, events) => expect(joined(read([text]))).toEqual(events))
})

describe("where GitLab's gateway gives up or is misled, and we are not", () => {
  test.each([
    [
      'A4: an observation made up with the answer drawn from it',
      'Action: issue_reader\nAction Input: 1\nObservation: made up\nFinal Answer: wrong',
      action('issue_reader', '1'),
    ],
    [
      'A5: a tool without input is asked the question',
      'Action: issue_reader',
      action('issue_reader', 'What is blocking #12?'),
    ],
    ['A7: an emphasised name', 'Action: **issue_reader**\nAction Input: 1', action('issue_reader', '1')],
    ['emphasised labels', 'why\n**Action:** issue_reader\n**Action Input:** 1', action('issue_reader', '1', 'why')],
    ['an emphasised answer', 'why\n**Final Answer:** yes', final('yes')],
    ['an answer in other letters', 'why\nFinal answer: yes', final('yes')],
    ['a name in camel case', 'Action: MergeRequestReader\nAction Input: 1', action('merge_request_reader', '1')],
    ['a name in backticks', 'Action: `commit_reader`\nAction Input: 1', action('commit_reader', '1')],
    ['a call', 'Action: issue_reader("#4")', action('issue_reader', '#4')],
    [
      'an action as JSON',
      'why\n```json\n{"action": "issue_reader", "action_input": "#4"}\n```',
      action('issue_reader', '#4', 'why'),
    ],
    [
      'a call in tags',
      '<tool_call>\n{"name": "issue_reader", "arguments": {"input": "#4"}}\n</tool_call>',
      action('issue_reader', '#4'),
    ],
    ['no tool by name', 'Action: None\nAction Input: It is a fork.', final('It is a fork.')],
    ['a marker without an answer', 'I know it.\nFinal Answer:', unknown('I know it.')],
    ['no text at all', ' \n', [{ type: 'error', data: { message: 'The model gave no answer', retryable: false } }]],
  ])('%s', (_what, text, events) => expect(joined(read([text]))).toEqual(events))
})

test('a bold beginning of an answer stays', () => {
  expect(joined(read(['Final Answer: **Yes**, it is.']))).toEqual(final('**Yes**, it is.'))
  expect(joined(read(['**Final Answer:', '** **Yes**']))).toEqual(final('**Yes**'))
})

test('text without a marker is one event with the whole of it, trimmed', () => {
  expect(read(['Hello! How', ' can I help?\n'])).toEqual(unknown('Hello! How can I help?'))
})

test('a tool that is not on offer, or is none, is not available', () => {
  const text = 'Action: issue_reader\nAction Input: 1'
  expect(read([text], { tools: ['epic_reader'] })).toEqual(unavailable)
  expect(read(['Action: rm_rf\nAction Input: /'])).toEqual(unavailable)
})

test('the last event of an answer brings the finish reason, and a content filter is told', () => {
  expect(read(['Final Answer: a', 'b ']).at(-1)).toEqual({
    type: 'final_answer_delta',
    data: { text: '', finish_reason: 'stop' },
  })
  const filtered = read(['Final Answer: a'], { finishReason: 'content_filter' })
  expect(joined(filtered)).toEqual(final('a\n\n_A content filter withheld a part of this answer._'))
})

describe('reasoning', () => {
  test.each([
    ['<think>Action: issue_reader\nAction Input: 1</think>\nFinal Answer: no', final('no')],
    ['Let me see.</think>Final Answer: yes', final('yes')],
    ['<think>never ends', [{ type: 'error', data: { message: 'The model gave no answer', retryable: false } }]],
    [`${'x'.repeat(90)}</think> Final Answer: kept`, final('kept')],
  ])('%j', (text, events) => expect(joined(read(Array.from(text), { family: 'qwen' }))).toEqual(events))

  test('inside an answer is text', () => {
    expect(joined(read(['Final Answer: write <think>x</think>']))).toEqual(final('write <think>x</think>'))
  })
})

describe('calls that the model makes itself', () => {
  const call = (args: string, name = 'issue_reader') => {
    const reader = readChatEvents({ family: 'gpt', tools: toolNames, question: 'the question' })
    const before = reader.text('It names an issue.')
    reader.toolCalls([{ index: 0, id: 'c', name, arguments: args.slice(0, 3) }])
    reader.toolCalls([{ index: 0, arguments: args.slice(3) }])
    return [...before, ...reader.end('tool_calls')]
  }

  test('are actions with the text before them as thought', () => {
    expect(call('{"input": "#12"}')).toEqual(action('issue_reader', '#12', 'It names an issue.'))
  })

  test.each([
    ['{"query": "#12"}', '#12'],
    ['{}', '{}'],
    ['not json', 'not json'],
    ['', 'the question'],
  ])('with arguments %j have the input %j', (args, input) => {
    expect(call(args)).toEqual(action('issue_reader', input, 'It names an issue.'))
  })

  test('of an unknown function are not available', () => expect(call('{}', 'shell')).toEqual(unavailable))
})

test('however a reply is cut into pieces, the events say the same', () => {
  const replies = [
    'I know.\nFinal Answer:  Run `git reset` 🙂.\n\n- one\n- two \n',
    'why\n**Final Answer:** **bold** text',
    'need it\nAction: issue_reader\nAction Input: #12\nObservation: x\nFinal Answer: y',
    'just text with final answers in it',
    '<think>no</think>\nFinal Answer: Action: none',
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(...replies),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }),
      (reply, sizes) => {
        const pieces: string[] = []
        let at = 0
        for (const size of sizes) {
          pieces.push(reply.slice(at, at + size))
          at += size
        }
        pieces.push(reply.slice(at))
        expect(joined(read(pieces))).toEqual(joined(read([reply])))
      },
    ),
    { numRuns: 500 },
  )
})
