import type { AnswerEnd, AnswerStep } from '../openai/answer.ts'
import type { Token, ToolDelta } from '../openai/token-source.ts'

/** What of an answer is to go into one chunk: one step or several. */
export interface ChoiceDelta {
  text: string
  reasoning: string
  readonly tools: ToolDelta[]
  readonly tokens: Token[]
  end: AnswerEnd | null
}

export const emptyDelta = (): ChoiceDelta => ({ text: '', reasoning: '', tools: [], tokens: [], end: null })

/** Whether a client would see anything of it. */
export const isSilent = ({ text, reasoning, tools, end }: ChoiceDelta): boolean =>
  text === '' && reasoning === '' && tools.length === 0 && end === null

export const addStep = (delta: ChoiceDelta, step: AnswerStep): void => {
  delta.text += step.text
  delta.reasoning += step.reasoning
  if (step.token !== null) delta.tokens.push(step.token)
  if (step.tool !== null) addTool(delta.tools, step.tool)
  delta.end = step.end
}

/** Pieces of one call become one. */
const addTool = (tools: ToolDelta[], tool: ToolDelta): void => {
  const last = tools.at(-1)
  if (last === undefined || last.index !== tool.index) tools.push(tool)
  else tools[tools.length - 1] = { ...last, arguments: last.arguments + tool.arguments }
}
