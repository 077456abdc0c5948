import { createAnswer } from './answer.ts'
import type { AnswerEnd } from './answer.ts'
import { defaultRules, planAnswer } from './answer-plan.ts'
import type { AnswerRules } from './answer-plan.ts'
import { ChatRequest, CompletionRequest } from './request.ts'
import type { InferenceRequest } from './request.ts'

export interface OracleQuestion {
  /** First served name of the node: it seeds the text. */
  readonly model: string
  /** Body of a chat or completion request. */
  readonly request: object
  /** Length of the answer in tokens, instead of the request's own limit. */
  readonly tokens?: number
  /** Where the node differs from its defaults. */
  readonly rules?: Partial<AnswerRules>
}

export interface ExpectedAnswer {
  readonly text: string
  readonly tokens: number
  readonly toolCall: { readonly id: string; readonly name: string; readonly arguments: string } | null
  readonly end: AnswerEnd
}

/** What a node must answer, whichever node and however often the answer was taken up. Throws for a request a node would refuse. */
export const expectedAnswer = ({ model, request, tokens, rules }: OracleQuestion): ExpectedAnswer => {
  const plan = planAnswer(readRequest(request), { ...defaultRules, ...rules })
  if (plan.kind === 'refused') throw new Error(`a node refuses this request: ${plan.message}`)
  const answer = createAnswer(tokens === undefined ? plan : { ...plan, outputTokensMax: tokens }, model)
  let text = ''
  let made = 0
  let call: { id: string; name: string; arguments: string } | null = null
  for (;;) {
    const step = answer.next()
    text += step.text
    if (step.tokenId !== null) made++
    if (step.tool?.start) call = { ...step.tool.start, arguments: '' }
    if (step.tool && call) call.arguments += step.tool.arguments
    if (step.end !== null) return { text, tokens: made, toolCall: call, end: step.end }
  }
}

/** The text of `expectedAnswer`: every byte a client must have received when the answer is complete. */
export const expectedText = (question: OracleQuestion): string => expectedAnswer(question).text

const readRequest = (body: object): InferenceRequest =>
  'messages' in body
    ? { endpoint: 'chat', body: ChatRequest.parse(body) }
    : { endpoint: 'completion', body: CompletionRequest.parse(body) }
