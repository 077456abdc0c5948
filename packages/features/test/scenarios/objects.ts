import type { Scenario } from './scenario.ts'

const readJson =
  (check: (value: unknown) => boolean) =>
  (answer: string): unknown => {
    const value: unknown = JSON.parse(answer)
    if (!check(value)) throw new Error(`not what was asked for: ${answer}`)
    return value
  }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectScenarios: readonly Scenario[] = [
  {
    promptId: 'measure_comment_temperature',
    inputs: { content: 'This is nonsense.' },
    shown: ['This is nonsense.'],
    good: '{"rating":2,"issues":["Say what is wrong"]}',
    sloppy: [
      "{'rating': 2, 'issues': ['Say what is wrong'],}",
      '<temperature_rating>{"rating": "2", "issues": ["Say what is wrong"]}</temperature_rating>',
    ],
    read: readJson(
      (value) =>
        isRecord(value) &&
        (value.rating === 1 || value.rating === 2) &&
        Array.isArray(value.issues) &&
        value.issues.length <= 3,
    ),
    isNone: (value) => (value as { rating: number }).rating === 1,
  },
  {
    promptId: 'categorize_question',
    inputs: { question: 'How do I rebase?', previous_answer: null },
    shown: ['How do I rebase?'],
    good: '{"category":"General documentation","detailed_category":"Git","labels":["contains_code"],"language":"en"}',
    sloppy: [
      '{"category": "General documentation", "detailed_category": "Git", "labels": ["contains_code", "made_up"], "language": "en", "more": 1}',
    ],
    read: readJson((value) => isRecord(value) && typeof value.category === 'string' && Array.isArray(value.labels)),
    isNone: (value) => (value as { category: string }).category === 'Other',
  },
  {
    promptId: 'feature_discovery_search',
    inputs: { catalog: 'duo_chat: Chat\ncode_review: Review', query: 'review' },
    shown: ['duo_chat: Chat', 'review'],
    good: '["code_review"]',
    sloppy: ['{"ids": ["code_review"]}', '[{"id": "code_review"}, "made_up"]'],
    read: readJson(
      (value) => Array.isArray(value) && value.every((id) => ['duo_chat', 'code_review'].includes(String(id))),
    ),
    isNone: (value) => Array.isArray(value) && value.length === 0,
  },
  {
    promptId: 'classify_code_review_mention_intent',
    inputs: { message: '@bot please review again' },
    shown: ['review again'],
    good: 'code_review_request',
    sloppy: [
      '"code_review_request"',
      '**Code review request**',
      'code_review_request: they ask for one, not for write_actions',
    ],
    read: (answer) => {
      if (!['code_review_request', 'write_actions', 'assistant_flow'].includes(answer)) throw new Error(answer)
      return answer
    },
    isNone: (value) => value === 'assistant_flow',
  },
  {
    promptId: 'generate_session_title',
    inputs: { context: 'The pipeline of main fails', definition: 'Fix pipeline' },
    shown: ['The pipeline of main fails'],
    good: 'Failing pipeline on main',
    sloppy: ['"Failing pipeline on main."', '# Failing pipeline on main', 'Title: Failing pipeline on main'],
    read: (answer) => {
      if (answer === '' || Array.from(answer).length > 40 || /[.!?\n]$/.test(answer)) throw new Error(answer)
      return answer
    },
    isNone: (value) => typeof value === 'string',
  },
]
