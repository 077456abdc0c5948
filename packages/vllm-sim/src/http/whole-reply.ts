import type { ServerResponse } from 'node:http'
import type { AnswerStep } from '../openai/answer.ts'
import { chatLogprobs, completionLogprobs } from '../openai/logprobs.ts'
import type { Refusal } from '../openai/refusal.ts'
import { addStep, emptyDelta } from './choice-delta.ts'
import type { ChoiceDelta } from './choice-delta.ts'
import type { ChoiceDetail, Reply, ReplyDetail } from './reply.ts'
import { sendJson, sendRefusal } from './send-json.ts'

/** The form of another dialect's answers and errors. */
export interface WholeShape {
  body(answers: readonly ChoiceDelta[]): object
  readonly error?: (refusal: Refusal) => object
}

/** Answers as one JSON body at the end of the slowest: a chat's or a completion's, or of the shape given. */
export class WholeReply implements Reply {
  readonly #response: ServerResponse
  readonly #detail: ReplyDetail
  readonly #deltas: ChoiceDelta[]
  readonly #shape: WholeShape | undefined
  #garbled = ''

  constructor(response: ServerResponse, detail: ReplyDetail, shape?: WholeShape) {
    this.#shape = shape
    this.#response = response
    this.#detail = detail
    this.#deltas = detail.choices.map(emptyDelta)
  }

  open(): void {}

  add(choice: number, step: AnswerStep): void {
    addStep(this.#deltas[choice] as ChoiceDelta, step)
  }

  flush(sent?: () => void): void {
    sent?.()
  }

  garble(): void {
    this.#garbled = '{"id": "chatcmpl-", "choices": [{"index": 0, "message"'
  }

  truncate(): void {
    const body = JSON.stringify(this.#body())
    this.#response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    this.#response.write(body.slice(0, body.length / 2), () => this.#response.destroy())
  }

  end(): void {
    if (this.#garbled !== '') this.#response.writeHead(200, { 'content-type': 'application/json' }).end(this.#garbled)
    else sendJson(this.#response, 200, this.#body(), this.#detail.headers())
  }

  #body(): object {
    if (this.#shape !== undefined) return this.#shape.body(this.#deltas)
    const { head, choices, usage } = this.#detail
    const chat = head.endpoint === 'chat'
    const [first] = choices
    return {
      id: head.id,
      object: chat ? 'chat.completion' : 'text_completion',
      created: head.created,
      model: head.model,
      choices: choices.map((detail, index) => {
        const delta = this.#deltas[index] as ChoiceDelta
        return chat ? this.#chatChoice(index, delta, detail) : this.#completionChoice(index, delta, detail)
      }),
      service_tier: null,
      system_fingerprint: head.fingerprint,
      usage: JSON.parse(usage.total({ nulls: true })) as object,
      ...(chat && { prompt_logprobs: first?.promptLogprobs ?? null, prompt_token_ids: first?.promptTokenIds ?? null }),
      kv_transfer_params: null,
    }
  }

  fail(refusal: Refusal): void {
    if (this.#shape?.error !== undefined) sendJson(this.#response, refusal.status, this.#shape.error(refusal))
    else sendRefusal(this.#response, refusal, this.#detail.head.profile)
  }

  #chatChoice(index: number, delta: ChoiceDelta, { echo, promptTokenIds }: ChoiceDetail): object {
    const { logprobs, head } = this.#detail
    const { reasoningFields, emptyToolCalls } = head.profile
    const calls = delta.tools.map(({ start, arguments: json }) => ({
      id: start?.id,
      type: 'function',
      function: { name: start?.name, arguments: json },
    }))
    return {
      index,
      message: {
        role: head.role,
        content: calls.length === 0 ? echo.text + delta.text : null,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        ...Object.fromEntries(reasoningFields.map((field) => [field, delta.reasoning === '' ? null : delta.reasoning])),
        ...((calls.length > 0 || emptyToolCalls) && { tool_calls: calls }),
      },
      logprobs: logprobs === null ? null : chatLogprobs(delta.tokens, logprobs),
      ...finish(delta),
      token_ids: promptTokenIds === null ? null : delta.tokens.map((token) => token.id),
    }
  }

  #completionChoice(index: number, delta: ChoiceDelta, detail: ChoiceDetail): object {
    const { logprobs } = this.#detail
    const { echo, onlyEchoes, promptTokenIds } = detail
    const tokens = [...echo.tokens, ...(onlyEchoes ? [] : delta.tokens)]
    return {
      index,
      text: echo.text + (onlyEchoes ? '' : delta.text),
      logprobs:
        logprobs === null
          ? null
          : completionLogprobs(tokens, logprobs, { offset: 0, startsPrompt: echo.tokens.length > 0 }),
      ...finish(delta),
      token_ids: promptTokenIds === null ? null : delta.tokens.map((token) => token.id),
      prompt_logprobs: detail.promptLogprobs,
      prompt_token_ids: promptTokenIds,
    }
  }
}

const finish = ({ end }: ChoiceDelta): object => ({
  finish_reason: end?.finishReason ?? null,
  stop_reason: end?.stopReason ?? null,
})
