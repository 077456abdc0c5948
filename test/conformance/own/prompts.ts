import type { Fixture } from '../load-fixture.ts'
import { call, fixture, gitlab, json, model, rawStream, streamed, whole } from './parts.ts'

/** What each prompt asks of the model, and makes of its answer (contract http §9, features §2). */

type Json = Record<string, unknown>

interface Asked {
  readonly up: string
  readonly inputs: Json
  /** What the model says, and the caller gets unless `gets` says otherwise. */
  readonly says: string
  readonly gets?: string
  readonly stream?: boolean
  readonly family?: string
  readonly version?: string
  /** Members of the body at the model server, and texts of its messages. */
  readonly asks?: Json
  readonly holds?: readonly string[]
}

const prompt = (name: string, id: string, asked: Asked): Fixture => {
  const { up, inputs, says, gets = says, stream = true, family, version = '^1.0.0', asks = {}, holds = [] } = asked
  return fixture(`prompt-${name}`, '9', {
    auth: gitlab([up]),
    path: `/v1/prompts/${id}`,
    body: { inputs, stream, prompt_version: version, model_metadata: model(family) },
    backend: call(stream ? streamed(...(says.match(/[^]{1,9}/g) ?? [])) : whole(says), { body: asks, says: holds }),
    response: stream ? rawStream(gets) : json(200, gets),
  })
}

const slash = {
  input: 'Explain <selected_code></selected_code>.',
  selected_text: 'puts 1',
  file_content: '',
  language_info: '',
}
const rewriting = { ...slash, libraries: ['rails'], file_content_reuse: '' }
const reading = { input: 'What is it about?', suggestions: 'I look it up.' }
const locator = '{"ResourceIdentifierType":"iid","ResourceIdentifier":12}'
const documents = [{ id: '7f0a', content: 'Open Settings.', metadata: { title: 'Settings', filename: 'a.md' } }]

const chatPrompts: Fixture[] = [
  prompt('fix-code', 'chat/fix_code', {
    up: 'fix_code',
    inputs: rewriting,
    says: '```ruby\nputs 2\n```',
    asks: { max_tokens: 2048, temperature: 0.1 },
    holds: ['<selected_code>', 'puts 1', '</selected_code>'],
  }),
  prompt('explain-code-gpt', 'chat/explain_code', {
    up: 'explain_code',
    inputs: slash,
    says: 'It prints 1.',
    family: 'gpt',
    asks: { max_tokens: 2048 },
  }),
  prompt('write-tests-codestral', 'chat/write_tests', {
    up: 'write_tests',
    inputs: { ...slash, libraries: [] },
    says: 'expect(1)',
    family: 'codestral',
    asks: { temperature: 0.3, max_tokens: 2048 },
  }),
  prompt('write-tests-mistral', 'chat/write_tests', {
    up: 'write_tests',
    inputs: { ...slash, libraries: [] },
    says: 'expect(1)',
    family: 'mistral',
    asks: { temperature: 0, max_tokens: 2048 },
  }),
  prompt('refactor-code-llama3', 'chat/refactor_code', {
    up: 'refactor_code',
    inputs: rewriting,
    says: 'puts 2',
    family: 'llama3',
    asks: { temperature: 0, max_tokens: 2048 },
  }),
  prompt('summarize-comments', 'chat/summarize_comments', {
    up: 'summarize_comments',
    inputs: { ...slash, notes_content: '<comment>ship it</comment>' },
    says: '**All agree**\n- ship it',
    asks: { max_tokens: 2048, temperature: 0.1 },
    holds: ['ship it'],
  }),
  ...[
    ['epic', 'ask_epic'],
    ['merge_request', 'ask_merge_request'],
    ['work_item', 'ask_work_item'],
  ].map(([tool, up = '']) =>
    prompt(`${tool}-reader`, `chat/${tool}_reader`, {
      up,
      inputs: reading,
      says: locator,
      asks: { max_tokens: 2048 },
      holds: ['What is it about?'],
    }),
  ),
  prompt('issue-reader-continued', 'chat/issue_reader', {
    up: 'ask_issue',
    inputs: reading,
    says: 'iid", "ResourceIdentifier": 12 }',
  }),
  prompt('issue-reader-prose', 'chat/issue_reader', {
    up: 'ask_issue',
    inputs: reading,
    says: `Sure: ${locator} as asked`,
    gets: locator,
  }),
  prompt('build-reader-iid', 'chat/build_reader', {
    up: 'ask_build',
    inputs: reading,
    says: locator,
    gets: '{"ResourceIdentifierType":"reference","ResourceIdentifier":"12"}',
  }),
  prompt('commit-reader-legacy-scope', 'chat/commit_reader', {
    up: 'duo_chat',
    inputs: reading,
    says: '{"ResourceIdentifierType":"current","ResourceIdentifier":"current"}',
    asks: { temperature: 0 },
  }),
  prompt('documentation-null', 'chat/documentation_search', {
    up: 'documentation_search',
    inputs: { question: 'Where?', content_id: 'ATTRS', documents: null },
    says: 'I do not know.\n\nATTRS:\n',
  }),
  prompt('documentation-mistral', 'chat/documentation_search', {
    up: 'documentation_search',
    inputs: { question: 'Where?', content_id: 'ATTRS', documents },
    says: 'Open Settings.\n\nATTRS:\nCNT-IDX-7f0a',
    family: 'mistral',
    asks: { temperature: 0.1, max_tokens: 4096 },
    holds: ['CNT-IDX-7f0a', 'Open Settings.'],
  }),
]

const diffLines = '<file_diff filename="a.rb">\n<line type="added" old_line="" new_line="3">puts 2</line>\n</file_diff>'
const review = {
  mr_title: 'Sum',
  mr_description: null,
  diff_lines: diffLines,
  full_file_intro: '',
  full_content_section: '',
  custom_instructions_section: '',
}
const finding = {
  name: 'Injection',
  filename: 'a.py',
  identifiers: '',
  vulnerable_code: 'exec(cmd)',
  source_code: 'a = 1\nexec(cmd)\n',
  vulnerability_description: null,
}
const fixed =
  '<analysis>\nbad\n</analysis>\n<summary>\nfix\n</summary>\n<is_false_positive>\nfalse\n</is_false_positive>\n<fixed_code>\n<old_code>\nexec(cmd)\n</old_code>\n<new_code>\nrun(cmd)\n</new_code>\n</fixed_code>'

const oneShots: Fixture[] = [
  prompt('summarize-review-3', 'summarize_review', {
    up: 'duo_agent_platform',
    inputs: { draft_notes_content: 'Comment: typo' },
    says: 'I look at a typo.',
    stream: false,
    version: '3.0.0',
    holds: ['typo'],
  }),
  prompt('merge-request-summary-2', 'summarize_new_merge_request', {
    up: 'summarize_new_merge_request',
    inputs: { extracted_diff: '+puts 2' },
    says: 'Prints two.',
    stream: false,
    version: '^2.0.0',
    holds: ['puts 2'],
  }),
  prompt('review-mended', 'review_merge_request', {
    up: 'review_merge_request',
    inputs: review,
    says: 'Thinking.\n<review>\n  <comment file="a.rb" old_line="" new_line="3">\nWhy?\n  </comment> \n</review>',
    gets: '<review>\n<comment file="a.rb" old_line="" new_line="3">\nWhy?\n</comment>\n</review>',
    stream: false,
    version: '1.3.0',
    asks: { max_tokens: 8192 },
    holds: ['puts 2'],
  }),
  prompt('resolve', 'resolve_vulnerability', {
    up: 'resolve_vulnerability',
    inputs: finding,
    says: fixed,
    stream: false,
    asks: { temperature: 0.1, max_tokens: 4096 },
    holds: ['exec(cmd)'],
  }),
  prompt('git-command', 'glab_ask_git_command', {
    up: 'glab_ask_git_command',
    inputs: { prompt: 'undo' },
    says: '```bash\ngit reset\n```\nUndo.',
    gets: '```\ngit reset\n```\nUndo.',
    stream: false,
    holds: ['undo'],
  }),
  prompt('git-command-gpt', 'glab_ask_git_command', {
    up: 'glab_ask_git_command',
    inputs: { prompt: 'list files' },
    says: '```\ngit ls-files\n```\nLists.',
    stream: false,
    family: 'gpt',
  }),
  prompt('description', 'generate_description', {
    up: 'generate_issue_description',
    inputs: { content: 'crash', template: null },
    says: '## Crash',
    stream: false,
    holds: ['crash'],
  }),
  prompt('comment-temperature', 'measure_comment_temperature', {
    up: 'measure_comment_temperature',
    inputs: { content: 'Bad!' },
    says: '{"rating": 1, "issues": []}',
    gets: '{"rating":1,"issues":[]}',
    stream: false,
    holds: ['Bad!'],
  }),
  prompt('question-category', 'categorize_question', {
    up: 'duo_chat',
    inputs: { question: 'hi', previous_answer: null },
    says: '{"category":"Other","detailed_category":"Other","labels":[],"language":"en"}',
    stream: false,
    asks: { max_tokens: 500 },
  }),
  prompt('session-summary', 'summarize_duo_workflow', {
    up: 'duo_agent_platform',
    inputs: { logs: 'job failed' },
    says: 'The job failed.',
    stream: false,
    asks: { max_tokens: 1024 },
  }),
  prompt('session-title', 'generate_session_title', {
    up: 'duo_agent_platform',
    inputs: { context: 'fix it', definition: 'fix_pipeline' },
    says: 'Fix the pipeline',
    stream: false,
    asks: { max_tokens: 40 },
  }),
  prompt('mention-intent', 'classify_code_review_mention_intent', {
    up: 'duo_agent_platform',
    inputs: { message: 'please review' },
    says: 'code_review_request',
    stream: false,
    asks: { max_tokens: 50 },
  }),
  prompt('feature-discovery', 'feature_discovery_search', {
    up: 'feature_discovery_search',
    inputs: { catalog: '[{"id":"a"}]', query: 'boards' },
    says: '["a"]',
    stream: false,
    asks: { max_tokens: 1024, temperature: 0 },
  }),
]

export const prompts: Fixture[] = [...chatPrompts, ...oneShots]
