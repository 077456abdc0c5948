import { gitCommands } from '../rails/git-commands.ts'
import { parseDocumentation } from '../rails/documentation.ts'
import type { Scenario } from './scenario.ts'

const notBlank = (answer: string): string => {
  if (answer.trim() === '') throw new Error('a blank answer')
  return answer.trim()
}

const documentation: Scenario = {
  promptId: 'chat/documentation_search',
  inputs: {
    question: 'How do I protect a branch?',
    content_id: 'ATTRS',
    documents: [
      { id: 'a1b2', content: 'Protected branches are set under Settings.', metadata: { title: 'Branches' } },
      { id: 'c3d4', content: 'Rules match names.', metadata: {} },
    ],
  },
  shown: ['How do I protect a branch?', 'CNT-IDX-a1b2', 'Rules match names.'],
  good: 'Open **Settings > Repository**.\n\nATTRS:\nCNT-IDX-a1b2\nCNT-IDX-c3d4',
  sloppy: [
    'Open **Settings > Repository**.\n\n**ATTRS:**\n- CNT-IDX-a1b2\n- CNT-IDX-c3d4',
    'Open **Settings > Repository**. ATTRS: CNT-IDX-A1B2, CNT-IDX-c3d4.',
    'Open **Settings > Repository** [CNT-IDX-a1b2] (CNT-IDX-c3d4).',
    'Open **Settings > Repository** CNT-IDX-a1b2.\n\nATTRS: CNT-IDX-c3d4',
    'Open **Settings > Repository**.\n\nATTRS\nCNT-IDX-a1b2 CNT-IDX-c3d4 CNT-IDX-made-up',
    'Open **Settings > Repository**.\n\nATTRS:\nCNT-IDX-a1b2\nATTRS:\nCNT-IDX-c3d4\nCNT-IDX-user/index.md',
    '```markdown\nOpen **Settings > Repository**.\n\nATTRS:\nCNT-IDX-a1b2\nCNT-IDX-c3d4\n```',
  ],
  read: (answer) => {
    const { shown, ids } = parseDocumentation(answer)
    if (/CNT-IDX-/.test(shown)) throw new Error(`markers are shown: ${answer}`)
    const lost = ids.filter((id) => !['a1b2', 'c3d4'].includes(id))
    if (lost.length > 0) throw new Error(`sources that do not exist: ${lost.join()}`)
    return { shown: notBlank(shown), ids }
  },
  isNone: (reading) => (reading as { shown: string }).shown !== '',
  wrapped: false,
}

const gitCommand: Scenario = {
  promptId: 'glab_ask_git_command',
  inputs: { prompt: 'undo my last commit, then push' },
  shown: ['undo my last commit'],
  good: '```\ngit reset --soft HEAD~1\n```\nUndoes the last commit.\n\n```\ngit push --force-with-lease\n```\nPushes.',
  sloppy: [
    '```bash\ngit reset --soft HEAD~1\n```\nUndoes.\n```sh\n$ git push --force-with-lease\n```',
    '```\ngit reset --soft HEAD~1\ngit push --force-with-lease\n```\nBoth.',
    '```console\n# first\n$ git reset --soft HEAD~1\n\n$ git push --force-with-lease\n```',
    'Run `git reset --soft HEAD~1` and then `git push --force-with-lease`.',
    '1. git reset --soft HEAD~1\n2. git push --force-with-lease',
    '```git reset --soft HEAD~1``` then ```git push --force-with-lease```',
    '~~~bash\ngit reset \\\n  --soft HEAD~1\n~~~\n\n~~~\ngit push --force-with-lease\n~~~',
  ],
  read: gitCommands,
  isNone: (reading) => Array.isArray(reading),
}

/** Text that is shown or stored as it is. */
const plain = (
  promptId: string,
  inputs: Record<string, unknown>,
  shown: string[],
  good: string,
  sloppy: string[] = [],
): Scenario => ({
  promptId,
  inputs,
  shown,
  good,
  sloppy: [`Here is the text:\n\n${good}`, `\`\`\`\n${good}\n\`\`\``, `"${good}"`, ...sloppy],
  read: (answer) => answer.trim(),
  isNone: (reading) => typeof reading === 'string',
})

const code = {
  input: 'Do it with the code between <selected_code></selected_code> tags.',
  selected_text: 'items.sum { |i| i.price }',
  file_content: 'The file:\n<file>\nclass Cart\n</file>',
  language_info: 'The language is Ruby.',
}
const codeShown = [
  '<selected_code>\nitems.sum { |i| i.price }\n</selected_code>',
  'class Cart',
  'The language is Ruby.',
]

/** Markdown that is streamed to the user. */
const markdown = (promptId: string, inputs: Record<string, unknown>, shown: string[]): Scenario => ({
  promptId,
  inputs,
  shown,
  good: '## Answer\n\nUse `sum`:\n\n```ruby\nitems.sum\n```\n\nThat is all.',
  sloppy: ['```markdown\n## Answer\n\nUse `sum`:\n\n```ruby\nitems.sum\n```\n\nThat is all.\n```'],
  read: (answer) => answer.trim(),
  isNone: (reading) => typeof reading === 'string',
  wrapped: false,
})

export const textScenarios: readonly Scenario[] = [
  documentation,
  gitCommand,
  plain('generate_commit_message', { diff: '-a\n+b' }, ['-a\n+b'], 'Replace a with b', [
    'Commit message: Replace a with b',
    '**Commit message:**\n\nReplace a with b',
  ]),
  plain('summarize_new_merge_request', { extracted_diff: '-a\n+b' }, ['-a\n+b'], 'The page loads faster.'),
  plain('summarize_review', { draft_notes_content: 'Comment: rename this' }, ['rename this'], 'I ask for a rename.'),
  plain('summarize_duo_workflow', { logs: 'exit 1' }, ['exit 1'], 'The script failed.'),
  markdown('generate_description', { content: 'crash', template: '## Steps' }, ['crash', '## Steps']),
  markdown('chat/explain_code', code, codeShown),
  ...['write_tests', 'refactor_code', 'fix_code'].map((name) =>
    markdown(`chat/${name}`, { ...code, libraries: ['rails', 'rspec'], file_content_reuse: '' }, [
      ...codeShown,
      'rspec',
    ]),
  ),
  markdown(
    'chat/troubleshoot_job',
    { selected_text: 'npm ERR! missing script', language_info: 'JavaScript', input: 'Why?' },
    ['npm ERR!', 'JavaScript'],
  ),
  markdown('chat/summarize_comments', { notes_content: '<comment>ship it</comment>' }, ['ship it']),
  markdown(
    'chat/explain_vulnerability',
    {
      title: 'SQL injection',
      identifiers: 'CWE-89',
      vulnerability_info: 'code: q',
      vulnerability_description: null,
      language_info: '',
    },
    ['SQL injection', 'CWE-89', 'code: q'],
  ),
  { ...markdown('model_configuration/check', {}, []), sloppy: [] },
]
