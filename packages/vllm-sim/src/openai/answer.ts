import { Continuation } from '../text/continuation.ts'
import { StopStrings } from '../text/stop-strings.ts'
import type { ChoicePlan } from './answer-plan.ts'
import { FixedSource, FreeSource, ThinkingSource, ToolSource } from './token-source.ts'
import type { SourceToken, Token, TokenSource, ToolDelta } from './token-source.ts'

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'abort'

export interface AnswerEnd {
  readonly finishReason: FinishReason
  /** The stop string, or the id of the stop token, that ended the answer. */
  readonly stopReason: string | number | null
}

/** One engine step of an answer. */
export interface AnswerStep {
  /** Text let out; empty while a stop string may be forming, at an end without text, in thoughts and in tool calls. */
  readonly text: string
  readonly part: SourceToken['part']
  readonly reasoning: string
  readonly tool: ToolDelta | null
  /** The token made; null for the step that only ends the answer. */
  readonly token: Token | null
  readonly end: AnswerEnd | null
}

/** An answer as its engine steps, one token each; not to be asked again after a step with an end. */
export interface Answer {
  next(): AnswerStep
  /** Ends the answer early: the text held back comes out. */
  abort(): AnswerStep
}

/** The answer of a model to a planned choice; `model` seeds the text. */
export const createAnswer = (plan: ChoicePlan, model: string): Answer => new PlannedAnswer(plan, sourceOf(plan, model))

const sourceOf = (plan: ChoicePlan, model: string): TokenSource => {
  const { prompt, sample, content, tools, thinking } = plan
  const seed = sample === 0 ? model : `${model}#${sample}`
  const continuation = new Continuation(seed, prompt.bytes)
  // A word that was said in part counts as said, but is one step yet.
  const wordLeft = prompt.said !== '' && continuation.endedInsideWord ? 1 : 0
  const body =
    tools !== null
      ? new ToolSource(tools)
      : content.kind === 'fixed'
        ? new FixedSource(content.text, prompt.said)
        : new FreeSource(
            continuation,
            {
              probability: plan.endProbability,
              tokensMax: content.tokensMax === null ? null : content.tokensMax + wordLeft,
            },
            plan.stopTokens,
          )
  if (thinking.tokens === 0) return body
  return new ThinkingSource(new Continuation(`${seed}\0thoughts`, prompt.bytes), thinking.tokens, body)
}

class PlannedAnswer implements Answer {
  readonly #plan: ChoicePlan
  readonly #source: TokenSource
  readonly #stops: StopStrings
  #tokens = 0

  constructor(plan: ChoicePlan, source: TokenSource) {
    this.#plan = plan
    this.#source = source
    this.#stops = new StopStrings(plan.stops, plan.includeStop)
  }

  next(): AnswerStep {
    const made = this.#source.next(this.#tokens >= this.#plan.outputTokensMin)
    if (made === null) return this.#end(this.#finishReason('stop'))
    this.#tokens++
    if (this.#tokens > this.#plan.outputTokensMin && this.#plan.stopTokens.has(made.token.id)) return this.#stopAt(made)
    const { text, matched } = made.part === 'text' ? this.#release(made.token) : { text: '', matched: null }
    const step = {
      text,
      part: made.part,
      reasoning: made.part === 'reasoning' && this.#plan.thinking.shown ? made.token.text : '',
      tool: made.tool,
      token: made.token,
    }
    if (matched !== null) return { ...step, end: { finishReason: 'stop', stopReason: matched } }
    const finishReason = made.last ? this.#finishReason('stop') : 'length'
    if (!made.last && this.#tokens < this.#plan.outputTokensMax) return { ...step, end: null }
    return { ...step, text: text + this.#stops.flush(), end: { finishReason, stopReason: null } }
  }

  abort(): AnswerStep {
    return this.#end('abort')
  }

  /** Stop strings are looked for only in what comes after the least number of tokens. */
  #release(token: Token): { text: string; matched: string | null } {
    return this.#tokens <= this.#plan.outputTokensMin
      ? { text: token.text, matched: null }
      : this.#stops.push(token.text)
  }

  /** A stop token counts as made; what it says is shown only where stop strings are shown too. */
  #stopAt({ token }: SourceToken): AnswerStep {
    const shown = this.#plan.includeStop ? this.#release(token) : { text: this.#stops.flush(), matched: null }
    return {
      ...silentStep,
      text: shown.text,
      token,
      end: { finishReason: this.#finishReason('stop'), stopReason: shown.matched ?? token.id },
    }
  }

  #finishReason(otherwise: FinishReason): FinishReason {
    return this.#plan.tools?.finishReason ?? otherwise
  }

  #end(finishReason: FinishReason): AnswerStep {
    return { ...silentStep, text: this.#stops.flush(), end: { finishReason, stopReason: null } }
  }
}

const silentStep = { text: '', part: 'text', reasoning: '', tool: null, token: null } as const
