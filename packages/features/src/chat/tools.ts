/** Tools that GitLab runs for the chat: a closed set, in the order in which they are offered (contract http §8.5.3). */
export const toolNames = [
  'build_reader',
  'epic_reader',
  'issue_reader',
  'merge_request_reader',
  'commit_reader',
  'work_item_reader',
  'gitlab_documentation',
] as const
export type ToolName = (typeof toolNames)[number]

export interface ChatTool {
  /** Scope of a token that allows it. */
  readonly unitPrimitive: string
  /** Whether GitLab has it in every version, or only since 17.5. */
  readonly since: 'always' | '17.5'
  /** What it reaches, as the prompt lists it. */
  readonly resource: string
  readonly description: string
  readonly example: string
}

const explicitOnly = (one: string): string =>
  `Use it only when the question gives number, reference or URL of ${one}, or when the user is looking at one and means it; never to search by keywords. Action Input is the original question.`

export const chatTools: Readonly<Record<ToolName, ChatTool>> = {
  build_reader: {
    unitPrimitive: 'ask_build',
    since: '17.5',
    resource: 'builds',
    description: `Reads a CI/CD job with the end of its log. ${explicitOnly('a job')}`,
    example: 'Why did this job fail?',
  },
  epic_reader: {
    unitPrimitive: 'ask_epic',
    since: 'always',
    resource: 'epics',
    description: `Reads an epic with its comments. ${explicitOnly('an epic')}`,
    example: 'Sum up epic &9',
  },
  issue_reader: {
    unitPrimitive: 'ask_issue',
    since: 'always',
    resource: 'issues',
    description: `Reads an issue with its comments. ${explicitOnly('an issue')}`,
    example: 'What is blocking #17?',
  },
  merge_request_reader: {
    unitPrimitive: 'ask_merge_request',
    since: '17.5',
    resource: 'merge_requests',
    description: `Reads a merge request with its diff and comments. ${explicitOnly('a merge request')}`,
    example: 'What does !31 change?',
  },
  commit_reader: {
    unitPrimitive: 'ask_commit',
    since: '17.5',
    resource: 'commits',
    description: `Reads a commit with its diff. ${explicitOnly('a commit')}`,
    example: 'Explain commit 0d5a1e9c',
  },
  work_item_reader: {
    unitPrimitive: 'ask_work_item',
    since: 'always',
    resource: 'work_items',
    description: `Reads a work item, such as a task or an objective. ${explicitOnly('a work item')}`,
    example: 'Who works on this task?',
  },
  gitlab_documentation: {
    unitPrimitive: 'documentation_search',
    since: 'always',
    resource: 'documentation answers',
    description:
      'Answers questions about GitLab itself: its features, settings, API and CI/CD syntax. The search is by words: Action Input is two to five keywords of the question, without punctuation.',
    example: 'protect branch',
  },
}

/** The tools a user may have: those whose scope the token holds and that the instance knows. An odd version hides the newer ones. */
export function toolsFor(scopes: ReadonlySet<string>, gitlabVersion: string | undefined): ToolName[] {
  const isNew = isSince175(gitlabVersion ?? '')
  return toolNames.filter((name) => {
    const { unitPrimitive, since } = chatTools[name]
    return scopes.has(unitPrimitive) && (since === 'always' || isNew)
  })
}

/** 17.5.0-pre or later. */
function isSince175(version: string): boolean {
  const match = /^v?(\d{1,6})\.(\d{1,6})(?:\.\d{1,6})?(?:[-+.].*)?$/.exec(version.trim())
  if (match === null) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > 17 || (major === 17 && minor >= 5)
}

/** The tool a model means: models spell names in camel case, with escapes, emphasis or a pair of brackets. */
export function toolNamed(name: string): ToolName | null {
  const bare = name
    .replaceAll('\\_', '_')
    .replace(/^[\s*`"'[<{(:-]+|[\s*`"'\]>})(:.,-]+$/g, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase()
  const known = bare === 'git_lab_documentation' ? 'gitlab_documentation' : bare
  return toolNames.find((tool) => tool === known) ?? null
}
