import { defaultSettings } from '../node-settings.ts'
import type { NodeSettings } from '../node-settings.ts'
import { createAnswer } from './answer.ts'
import type { AnswerEnd } from './answer.ts'
import { planAnswer } from './answer-plan.ts'
import type { ChoicePlan } from './answer-plan.ts'
import { ChatRequest, CompletionRequest } from './request.ts'
import type { InferenceRequest } from './request.ts'

export interface OracleQuestion {
  /** First served name of the node, or the adapter that is asked: it seeds the text. */
  readonly model: string
  /** Body of a chat or completion request. */
  readonly request: object
  /** Length of the answer in tokens, instead of the request's own limit. */
  readonly tokens?: number
  /** Where the node differs from its defaults. */
  readonly rules?: Partial<NodeSettings>
}

export interface ExpectedCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export interface ExpectedAnswer {
  readonly text: string
  /** What the model thought, as far as the client sees it. */
  readonly reasoning: string
  readonly tokens: number
  readonly tokenIds: readonly number[]
  readonly toolCall: ExpectedCall | null
  readonly toolCalls: readonly ExpectedCall[]
  readonly end: AnswerEnd
}

/** What a node must answer, by choice index, whichever node and however often it was taken up. Throws for a request a node would refuse. */
export const expectedAnswers = ({ model, request, tokens, rules }: OracleQuestion): ExpectedAnswer[] => {
  const plan = planAnswer(readRequest(request), { ...defaultSettings, ...rules })
  if (plan.kind === 'refused') throw new Error(`a node refuses this request: ${plan.message}`)
  return plan.choices.map((choice) =>
    playOut(tokens === undefined ? choice : { ...choice, outputTokensMax: tokens }, model),
  )
}

/** The first choice of `expectedAnswers`. */
export const expectedAnswer = (question: OracleQuestion): ExpectedAnswer =>
  expectedAnswers(question)[0] as ExpectedAnswer

/** The text of `expectedAnswer`: every byte a client must have received when the answer is complete. */
export const expectedText = (question: OracleQuestion): string => expectedAnswer(question).text

const playOut = (choice: ChoicePlan, model: string): ExpectedAnswer => {
  const answer = createAnswer(choice, model)
  let text = choice.echo
  let reasoning = ''
  const tokenIds: number[] = []
  const toolCalls: { id: string; name: string; arguments: string }[] = []
  for (;;) {
    const step = answer.next()
    text += choice.onlyEchoes ? '' : step.text
    reasoning += step.reasoning
    if (step.token !== null) tokenIds.push(step.token.id)
    if (step.tool?.start) toolCalls.push({ ...step.tool.start, arguments: '' })
    const call = toolCalls.at(-1)
    if (step.tool !== null && call !== undefined) call.arguments += step.tool.arguments
    if (step.end !== null)
      return {
        text,
        reasoning,
        tokens: tokenIds.length,
        tokenIds,
        toolCall: toolCalls[0] ?? null,
        toolCalls,
        end: step.end,
      }
  }
}

const readRequest = (body: object): InferenceRequest =>
  'messages' in body
    ? { endpoint: 'chat', body: ChatRequest.parse(body) }
    : { endpoint: 'completion', body: CompletionRequest.parse(body) }
