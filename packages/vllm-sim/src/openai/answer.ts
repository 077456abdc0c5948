import { fingerprint } from '../text/byte-hash.ts'
import { Continuation } from '../text/continuation.ts'
import { StopStrings } from '../text/stop-strings.ts'
import { splitTokens, tokenId } from '../text/tokenizer.ts'
import type { AnswerPlan } from './answer-plan.ts'

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'abort'

export interface AnswerEnd {
  readonly finishReason: FinishReason
  /** The stop string that ended the answer. */
  readonly stopReason: string | null
}

/** One engine step of an answer. */
export interface AnswerStep {
  /** Text let out; empty while a stop string may be forming, at an end without text, and in tool calls. */
  readonly text: string
  readonly tool: { readonly start: { id: string; name: string } | null; readonly arguments: string } | null
  /** Id of the token made; null for the step that only ends the answer. */
  readonly tokenId: number | null
  readonly end: AnswerEnd | null
}

/** An answer as its engine steps, one token each; not to be asked again after a step with an end. */
export interface Answer {
  next(): AnswerStep
  /** Ends the answer early: the text held back comes out. */
  abort(): AnswerStep
}

/** The answer of a model to a planned request; `model` seeds the text. */
export const createAnswer = (plan: AnswerPlan, model: string): Answer =>
  plan.toolCall === null ? new TextAnswer(plan, model) : new ToolCallAnswer(plan, plan.toolCall)

class TextAnswer implements Answer {
  readonly #plan: AnswerPlan
  readonly #continuation: Continuation
  readonly #stops: StopStrings
  #tokens = 0

  constructor(plan: AnswerPlan, model: string) {
    this.#plan = plan
    this.#continuation = new Continuation(model, plan.prompt)
    this.#stops = new StopStrings(plan.stops, plan.includeStop)
  }

  next(): AnswerStep {
    if (this.#tokens >= this.#plan.outputTokensMin && this.#continuation.endsHere(this.#plan.endProbability))
      return this.#end('stop')
    const word = this.#continuation.next()
    this.#tokens++
    // Stop strings are looked for only in what comes after the least number of tokens.
    const free = this.#tokens <= this.#plan.outputTokensMin
    const { text, matched } = free ? { text: word.text, matched: null } : this.#stops.push(word.text)
    if (matched !== null) {
      return { text, tool: null, tokenId: word.id, end: { finishReason: 'stop', stopReason: matched } }
    }
    if (this.#tokens < this.#plan.outputTokensMax) return { text, tool: null, tokenId: word.id, end: null }
    return {
      text: text + this.#stops.flush(),
      tool: null,
      tokenId: word.id,
      end: { finishReason: 'length', stopReason: null },
    }
  }

  abort(): AnswerStep {
    return this.#end('abort')
  }

  #end(finishReason: FinishReason): AnswerStep {
    return { text: this.#stops.flush(), tool: null, tokenId: null, end: { finishReason, stopReason: null } }
  }
}

/** A call of one tool: the first token opens it, the others bring its arguments piece by piece. */
class ToolCallAnswer implements Answer {
  readonly #plan: AnswerPlan
  readonly #start: { id: string; name: string }
  readonly #pieces: readonly string[]
  readonly #finishReason: FinishReason
  #tokens = 0

  constructor(plan: AnswerPlan, call: NonNullable<AnswerPlan['toolCall']>) {
    this.#plan = plan
    this.#start = { id: `chatcmpl-tool-${fingerprint(plan.prompt)}`, name: call.name }
    this.#pieces = splitTokens(call.arguments)
    this.#finishReason = call.named ? 'stop' : 'tool_calls'
  }

  next(): AnswerStep {
    const opens = this.#tokens === 0
    const piece = opens ? '' : (this.#pieces[this.#tokens - 1] ?? '')
    const id = tokenId(Buffer.from(opens ? this.#start.name.slice(0, 6) : piece))
    this.#tokens++
    const complete = this.#tokens > this.#pieces.length
    const cut = !complete && this.#tokens >= this.#plan.outputTokensMax
    const end: AnswerEnd | null =
      complete || cut ? { finishReason: cut ? 'length' : this.#finishReason, stopReason: null } : null
    return { text: '', tool: { start: opens ? this.#start : null, arguments: piece }, tokenId: id, end }
  }

  abort(): AnswerStep {
    return { text: '', tool: null, tokenId: null, end: { finishReason: 'abort', stopReason: null } }
  }
}
