import { familyNames, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import type { Feature, FeatureAbout } from './feature.ts'
import { features } from './registry.ts'

/** What GitLab's catalogue has and no feature of ours is: static texts, other protocols, or nothing for a gateway to do. */
const elsewhere: readonly { readonly title: string; readonly promised: string; readonly status: string }[] = [
  {
    title: 'Merge request description composer',
    promised: 'experiment, not listed',
    status: 'available: `POST /v1/proxy/anthropic/v1/messages`, see [proxies](proxies.md)',
  },
  {
    title: 'Agent platform: agentic chat, flows',
    promised: 'GA 18.8',
    status: 'not yet: gRPC on another port',
  },
  {
    title: 'Chat: codebase search',
    promised: 'part of chat',
    status: 'GitLab pastes what it found into the context: nothing to ask',
  },
  {
    title: 'Code review chat (`@GitLabDuo` in a merge request)',
    promised: 'with chat and code review',
    status: 'asks GitLab Duo Chat',
  },
  {
    title: 'Semantic code search of GitLab up to 18.9',
    promised: 'not on self-hosted',
    status: '404: asks Vertex AI by a proxy; newer ones ask for code embeddings',
  },
  { title: 'Chat: /help', promised: 'GA 17.9', status: 'answered by GitLab itself' },
  { title: 'Duo for the CLI, shell (`glab duo ask --shell`)', promised: 'not listed', status: 'asks GitLab Duo Chat' },
  { title: 'Duo and SDLC trends dashboard', promised: 'Beta 17.9', status: 'no gateway involved' },
  {
    title: 'Repository X-Ray',
    promised: 'no model any more',
    status: '`POST /v1/x-ray/libraries` is 404, as upstream',
  },
  { title: 'Amazon Q', promised: 'only when connected', status: '404: not a matter of self-hosted models' },
]

type Group = 'suggestions' | 'chat' | 'text' | 'agents'

/** Families that GitLab's admin page offers for a group of features (contract features §1.4). */
const offered: Readonly<Record<Group, readonly Family[]>> = {
  suggestions: [
    'mistral',
    'mixtral',
    'codestral',
    'llama3',
    'gpt',
    'claude_3',
    'general',
    'codegemma',
    'codellama',
    'deepseekcoder',
  ],
  chat: ['mistral', 'mixtral', 'codestral', 'llama3', 'gpt', 'claude_3', 'general'],
  text: ['mistral', 'mixtral', 'llama3', 'gpt', 'claude_3', 'general'],
  agents: ['gpt', 'claude_3', 'general'],
}

const chatSettings = [
  'duo_chat',
  'duo_chat_explain_code',
  'duo_chat_write_tests',
  'duo_chat_refactor_code',
  'duo_chat_fix_code',
]

interface Row {
  readonly feature: Feature<unknown>
  readonly about: FeatureAbout
}

/** The page docs/features.md, from what the features say about themselves. */
export function featureCatalogue(): string {
  const rows = Object.values<Feature<unknown>>(features)
    .flatMap((feature): Row[] => (feature.about === undefined ? [] : [{ feature, about: feature.about }]))
    .sort((one, other) => one.about.title.localeCompare(other.about.title, 'en'))
  const textFamilies = familyNames.filter((name) => traitsOf(name).generatesText)
  const prompted = rows.filter(({ about }) => about.promptVariants.length > 0 || about.promptId !== undefined)
  return `# Features
<!-- Generated: npx vitest run packages/features/src/catalogue.test.ts -u -->

What GitLab asks a self-hosted gateway for, what its documentation promises for self-hosted models, and what Penstock answers. This page
is made from the code, and a test keeps it so; what each row does is tested from GitLab's request to an answer that GitLab can read.

## Features, endpoints and time limits
Lane and limits are defaults: \`features.<name>\` of the [configuration](configuration.md) changes them, chooses the model for requests that
name none, and switches a feature off with \`inactive: true\` (then 403). An answer in one piece has its first byte at its end: GitLab waits
60 s for it. Every path also answers under \`/ai\`.

${table(
  [
    'Feature',
    'GitLab promises',
    'Penstock',
    'Name here',
    'Endpoints',
    'Prompt, versions',
    'Lane',
    'First byte, end',
    'Scopes, one of',
  ],
  rows.map(({ feature, about }) => [
    about.title,
    about.promised,
    'available',
    code(feature.name),
    about.endpoints.map((endpoint) => code(endpoint.replace(/^POST /, ''))).join(' '),
    about.promptId === undefined ? '–' : `${code(about.promptId)}, ${about.promptVersions ?? 'any'}`,
    feature.defaults.lane,
    `${seconds(feature.defaults.firstByteMs)}, ${seconds(feature.defaults.totalMs)}`,
    about.unitPrimitives.map(code).join(' '),
  ]),
)}

## In GitLab's catalogue, and not a feature here
${table(
  ['Feature', 'GitLab promises', 'Penstock'],
  elsewhere.map(({ title, promised, status }) => [title, promised, status]),
)}

## Prompt by model family
The family is what the administrator chose for the model in GitLab; \`base\` is the prompt of every family without one of its own. In
parentheses: works, though GitLab's admin page does not offer it.

${table(
  ['Feature', ...textFamilies],
  prompted.map(({ about }) => [
    about.title,
    ...textFamilies.map((family) => {
      const variant = variantOf(family, about)
      return offered[groupOf(about)].includes(family) ? variant : `(${variant})`
    }),
  ]),
)}
`
}

function variantOf(family: Family, about: FeatureAbout): string {
  return traitsOf(family).promptVariants.find((name) => about.promptVariants.includes(name)) ?? 'base'
}

function groupOf({ setting }: FeatureAbout): Group {
  if (setting === 'code_completions' || setting === 'code_generations' || setting === undefined) return 'suggestions'
  if (setting.startsWith('duo_agent_platform')) return 'agents'
  return chatSettings.includes(setting) ? 'chat' : 'text'
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
