const tools = [
  'build_reader',
  'epic_reader',
  'issue_reader',
  'merge_request_reader',
  'commit_reader',
  'work_item_reader',
  'gitlab_documentation',
]

/** GitLab's reading of a chat step's lines, as strict as its own (contract http §8.5.4). Throws where GitLab gives up. */
export function readChatLines(body: string): string {
  const events = [...body.matchAll(/\{.*\}\n/g)].map(
    ([line]) => JSON.parse(line) as { type: string; data: Record<string, unknown> },
  )
  const leftover = body.replace(/\{.*\}\n/g, '')
  if (leftover !== '') throw new Error(`unterminated data: ${leftover}`)
  const deltas = events.filter(({ type }) => type === 'final_answer_delta')
  if (deltas.length > 0) return `answer: ${deltas.map(({ data }) => String(data.text)).join('')}`
  const action = events.find(({ type }) => type === 'action')?.data
  if (action !== undefined) {
    if (!tools.includes(String(action.tool))) throw new Error(`ToolNotFound ${String(action.tool)}`)
    if (typeof action.thought !== 'string') throw new Error('no thought')
    return `action: ${String(action.tool)} ${String(action.tool_input)}`
  }
  const unknown = events.find(({ type }) => type === 'unknown')
  if (unknown !== undefined) return `answer: ${String(unknown.data.text)}`
  const error = events.find(({ type }) => type === 'error')
  if (error !== undefined) return `error: ${String(error.data.message)}`
  throw new Error('A1002: no event')
}
