import type { Fixture, FixtureResponse } from '../load-fixture.ts'
import {
  anyText,
  byDefault,
  call,
  detail,
  failing,
  failures,
  fixture,
  flatModel,
  gitlab,
  invalid,
  json,
  lines,
  model,
  ownEndpoint,
  rawStream,
  refusing,
  streamed,
  whole,
} from './parts.ts'
import type { Row } from './parts.ts'

/** `/v2/chat/agent` and `/v1/chat/*` (contract http §8.5, §8.6; features §2.11). */

type Json = Record<string, unknown>

const tools = [
  'ask_issue',
  'ask_epic',
  'ask_merge_request',
  'ask_commit',
  'ask_build',
  'ask_work_item',
  'documentation_search',
]
const turn = (content: string, more: Json = {}): Json => ({
  role: 'user',
  content,
  context: null,
  current_file: null,
  additional_context: [],
  ...more,
})
const question = turn('What is blocking #17?')
const body = (messages: readonly Json[], more: Json = {}): Json => ({
  messages,
  model_metadata: model(),
  unavailable_resources: ['Pipelines', 'Vulnerabilities'],
  ...more,
})

const chat = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`chat-${name}`, section, {
    auth: gitlab(['duo_classic_chat', ...tools]),
    path: '/v2/chat/agent',
    body: body([question]),
    volatile: ['delta boundaries', 'finish_reason'],
    ...row,
  })

const said = (text: string): FixtureResponse =>
  lines({ type: 'final_answer_delta', data: { text, finish_reason: 'stop' } })
const action = (tool: string, input: string, thought = 'I look.'): FixtureResponse =>
  lines({ type: 'action', data: { tool, tool_input: input, thought } })
const trouble = (message = anyText): FixtureResponse => lines({ type: 'error', data: { message, retryable: false } })
const answers = (...holds: readonly string[]) => ({
  backend: call(streamed('I know.\nFinal', ' Answer: yo'), { says: holds }),
  response: said('yo'),
})
const acts = (text: string, response: FixtureResponse) => ({
  backend: call(streamed(`I look.\nAction: ${text}`)),
  response,
})

const requests: Fixture[] = [
  chat('unassigned', '6.2', {
    body: body([question], { model_metadata: undefined }),
    backend: call(streamed('Final Answer: yo'), { body: byDefault }),
    response: said('yo'),
  }),
  chat('user-rule', '8.5.1', {
    body: body([
      turn('hi', { additional_context: [{ category: 'user_rule', id: 'r', content: 'Be brief.', metadata: {} }] }),
    ]),
    ...answers('Be brief.'),
    notes: ['DECISION fixture: any category, a scope for known ones'],
  }),
  chat('legacy-context', '8.5.1', {
    body: body([turn('hi', { context: { type: 'issue', content: '<issue>old form</issue>' } })]),
    ...answers('old form'),
  }),
  chat('build-context', '8.5.1', { body: body([turn('hi', { context: { type: 'build' } })]), ...answers() }),
  chat('current-file', '8.5.1', {
    body: body([turn('hi', { current_file: { file_path: 'a.rb', data: 'puts 42', selected_code: true } })]),
    ...answers('puts 42', 'a.rb'),
  }),
  chat('second-step', '8.5.1', {
    body: body([
      question,
      {
        role: 'assistant',
        agent_scratchpad: [
          {
            action: { thought: 'I look.', tool: 'issue_reader', tool_input: '#17' },
            observation: '<issue>waits for legal</issue>',
          },
        ],
      },
    ]),
    ...answers('waits for legal', '#17'),
  }),
  chat('legacy-scratchpad', '8.5.1', {
    body: body([question], {
      options: {
        agent_scratchpad: {
          agent_type: 'react',
          steps: [
            {
              thought: 'I look.',
              tool: 'issue_reader',
              tool_input: '#17',
              observation: '<issue>waits for legal</issue>',
            },
          ],
        },
      },
    }),
    ...answers('waits for legal'),
  }),
  chat('scratchpad-null', '8.5.1', {
    body: body([
      turn('before', { agent_scratchpad: null }),
      { role: 'assistant', content: 'yes', agent_scratchpad: [] },
      turn('hi'),
    ]),
    ...answers('before'),
  }),
  chat('scratchpad-of-user-400', '8.5.1', {
    body: body([turn('hi', { agent_scratchpad: [] })]),
    response: detail(400, 'agent_scratchpad can only be present when role is ASSISTANT'),
  }),
  chat('assistant-last', '8.5.1', {
    body: body([turn('hi'), { role: 'assistant', content: 'yes' }]),
    response: trouble(),
  }),
  chat('system-role', '8.5.1', { body: body([{ role: 'system', content: 'no' }, turn('hi')]), response: trouble() }),
  chat('unknown-role-422', '8.5.1', { body: body([{ role: 'tool', content: 'no' }]), response: invalid }),
  chat('no-messages-422', '8.5.1', { body: body([]), response: invalid }),
  chat('context-403', '8.5.2', {
    body: body([turn('hi', { additional_context: [{ category: 'file', id: 'a', content: 'x' }] })]),
    response: detail(403, 'Unauthorized to access include_file_context'),
  }),
  chat('context-of-history-403', '8.5.2', {
    body: body([
      turn('hi', { additional_context: [{ category: 'terminal', content: 'x' }] }),
      { role: 'assistant', content: 'yes' },
      turn('and?'),
    ]),
    response: detail(403, 'Unauthorized to access include_terminal_context'),
  }),
  chat('mention-with-old-scope', '8.5.2', {
    auth: gitlab(['duo_chat']),
    body: body([turn('@GitLabDuo why?')]),
    ...answers('why?'),
  }),
]

const steps: Fixture[] = [
  chat('camel-case-tool', '8.5.4', acts('MergeRequestReader\nAction Input: !3', action('merge_request_reader', '!3'))),
  chat('escaped-tool', '8.5.4', acts('issue\\_reader\nAction Input: #17', action('issue_reader', '#17'))),
  chat('invented-observation', '8.5.4', {
    body: body([question], { model_metadata: model('gpt') }),
    backend: call(streamed('I look.\nAction: issue_reader\nAction Input: #17\nObserv', 'ation: done'), {
      body: { max_tokens: 8192 },
    }),
    response: action('issue_reader', '#17'),
  }),
  chat('final-over-action', '8.5.4', acts('issue_reader\nAction Input: #17\nFinal Answer: yo', said('yo'))),
  chat(
    'documentation-tool',
    '8.5.3',
    acts('gitlab_documentation\nAction Input: set up project', action('gitlab_documentation', 'set up project')),
  ),
  chat('no-thought', '8.5.4', {
    backend: call(streamed('Action: issue_reader\nAction Input: #17')),
    response: action('issue_reader', '#17', ''),
  }),
  chat('tool-without-scope', '8.5.3', {
    auth: gitlab(['duo_chat', 'ask_epic']),
    backend: call(streamed('I look.\nAction: issue_reader\nAction Input: #17'), { says: ['epic_reader'] }),
    response: trouble('tool not available'),
  }),
  chat('old-gitlab', '8.5.3', {
    headers: { 'x-gitlab-version': '17.4.0' },
    ...acts('commit_reader\nAction Input: abc', trouble('tool not available')),
  }),
  chat('old-gitlab-issue', '8.5.3', {
    headers: { 'x-gitlab-version': '17.4.0' },
    ...acts('issue_reader\nAction Input: #17', action('issue_reader', '#17')),
  }),
  chat('pre-release', '8.5.3', {
    headers: { 'x-gitlab-version': '17.5.0-pre' },
    ...acts('commit_reader\nAction Input: abc', action('commit_reader', 'abc')),
  }),
  chat('unparsable-version', '8.5.3', {
    headers: { 'x-gitlab-version': 'new' },
    ...acts('build_reader\nAction Input: 3', trouble('tool not available')),
  }),
  chat('line-breaks', '8.5.4', {
    backend: call(streamed('Final Answer: one\n', 'two\n\n"three"')),
    response: said('one\ntwo\n\n"three"'),
  }),
  chat('neither-marker', '8.5.4', {
    backend: call(streamed(' hello ')),
    response: lines({ type: 'unknown', data: { text: 'hello' } }),
  }),
  chat('empty-reply', '8.5.4', {
    backend: call(streamed()),
    response: trouble(),
    notes: ['DECISION fixture: a blank answer is none'],
  }),
  chat('thinking', '8.5.4', {
    body: body([question], { model_metadata: model('qwen') }),
    backend: call(streamed('<think>Action', 's</think>', '\nFinal Answer: yo')),
    response: said('yo'),
  }),
]

const models: Fixture[] = [
  chat('llama3', '8.5.4', {
    body: body([question], { model_metadata: model('llama3') }),
    backend: call(streamed('Final Answer: yo'), {
      body: { max_tokens: 4096, temperature: 0.1, stop: ['Observation:'] },
    }),
    response: said('yo'),
  }),
  chat('mistral-prefill', '7.3', {
    body: body([question], { model_metadata: model('mistral') }),
    backend: call(streamed('Final Answer: yo'), {
      body: {
        continue_final_message: true,
        add_generation_prompt: false,
        max_tokens: 8192,
        temperature: 0.1,
        stop: ['Observation:'],
      },
    }),
    response: said('yo'),
  }),
  ...failures.map(({ name, reply, code }) => {
    const at = ownEndpoint(`chat-${name}`)
    return chat(`model-server-${name}`, '7.5', {
      body: body([question], { model_metadata: model('claude_3', { endpoint: at }) }),
      backend: call(reply, { at }),
      response: code.status === 429 ? code : trouble(),
    })
  }),
]

const component = (payload: Json = {}): Json => {
  const { model_provider: provider, model_name: name, ...rest } = flatModel()
  return {
    type: 'prompt',
    metadata: { source: 'GitLab EE', version: '17.4.0' },
    payload: { content: 'Hello', provider, model: name, ...rest, ...payload },
  }
}
const v1 = (name: string, section: string, row: Partial<Row> & Pick<Row, 'response'>): Fixture =>
  fixture(`v1-chat-${name}`, section, {
    auth: gitlab(['duo_chat']),
    path: '/v1/chat/agent',
    body: { prompt_components: [component()] },
    ...row,
  })
const relayed = (provider = 'litellm', name = 'mistral'): FixtureResponse =>
  json(200, { response: 'Hi there', metadata: { provider, model: name, timestamp: '<instant>' } })
const asIfIgnored = call(whole('Hi there'), {
  body: { temperature: 0.2, top_p: 0.95, max_tokens: 2048 },
  says: ['Hello'],
})

const legacy: Fixture[] = [
  ...Object.entries({
    explain_code: 'duo_chat',
    write_tests: 'duo_chat',
    refactor_code: 'duo_chat',
    explain_vulnerability: 'explain_vulnerability',
    summarize_comments: 'summarize_comments',
    troubleshoot_job: 'troubleshoot_job',
  }).flatMap(([name, up]) => [
    v1(name.replaceAll('_', '-'), '8.6', {
      auth: gitlab([up]),
      path: `/v1/chat/${name}`,
      backend: asIfIgnored,
      response: relayed(),
    }),
    v1(`${name.replaceAll('_', '-')}-403`, '5', {
      auth: gitlab(['complete_code']),
      path: `/v1/chat/${name}`,
      response: detail(403, `Unauthorized to access ${up}`),
    }),
  ]),
  v1('params-ignored', '8.6', {
    body: {
      prompt_components: [component({ params: { temperature: 1, max_tokens_to_sample: 5, stop_sequences: ['x'] } })],
    },
    backend: asIfIgnored,
    response: relayed(),
  }),
  v1('stream', '8.6', {
    body: { prompt_components: [component({ content: [{ role: 'user', content: 'Hello' }] })], stream: true },
    backend: call(streamed('Hi ', 'there'), { says: ['Hello'] }),
    response: rawStream('Hi there'),
  }),
  v1('unassigned', '8.6', {
    body: {
      prompt_components: [
        { ...component(), payload: { content: 'Hello', provider: 'anthropic', model: 'claude-3-5-sonnet-20240620' } },
      ],
    },
    backend: call(whole('Hi there'), { body: byDefault }),
    response: relayed('anthropic', '<free>'),
  }),
  v1('two-components-422', '8.6', { body: { prompt_components: [component(), component()] }, response: invalid }),
  v1('params-422', '8.6', {
    body: { prompt_components: [component({ params: { temperature: 2 } })] },
    response: invalid,
  }),
  v1('content-too-long-422', '8.6', {
    body: { prompt_components: [component({ content: 'x'.repeat(400_001) })] },
    response: invalid,
  }),
  v1('model-server-500', '7.5', {
    body: { prompt_components: [component({ model_endpoint: ownEndpoint('legacy-500') })] },
    backend: call(failing(500), { at: ownEndpoint('legacy-500') }),
    response: detail(421, '500: Internal Server Error'),
  }),
  v1('model-server-refused', '7.5', {
    body: { prompt_components: [component({ model_endpoint: ownEndpoint('legacy-refused') })] },
    backend: call(refusing, { at: ownEndpoint('legacy-refused') }),
    response: detail(503, 'Inference failed'),
  }),
]

export const chats: Fixture[] = [...requests, ...steps, ...models, ...legacy]
