import type { ServerResponse } from 'node:http'
import type { AnswerEnd, AnswerStep } from '../openai/answer.ts'
import { usageJson } from './chunk-format.ts'
import type { ReplyHead } from './chunk-format.ts'
import type { Reply, ReplyDetail } from './reply.ts'
import { sendJson } from './send-json.ts'

/** An answer as one JSON body at its end. */
export class WholeReply implements Reply {
  readonly #response: ServerResponse
  readonly #head: ReplyHead
  readonly #detail: ReplyDetail
  readonly #tokenIds: number[] = []
  #text = ''
  #call: { id: string; name: string; arguments: string } | null = null
  #ending: AnswerEnd | null = null

  constructor(response: ServerResponse, head: ReplyHead, detail: ReplyDetail) {
    this.#response = response
    this.#head = head
    this.#detail = detail
  }

  open(): void {}

  add(step: AnswerStep): void {
    this.#text += step.text
    if (step.tokenId !== null) this.#tokenIds.push(step.tokenId)
    if (step.tool?.start) this.#call = { ...step.tool.start, arguments: '' }
    if (step.tool && this.#call) this.#call.arguments += step.tool.arguments
    this.#ending = step.end
  }

  flush(sent?: () => void): void {
    sent?.()
  }

  end(): void {
    const { endpoint, id, created, model } = this.#head
    const { promptTokens, promptTokenIds } = this.#detail
    const ids = promptTokenIds === null ? null : this.#tokenIds
    sendJson(this.#response, 200, {
      id,
      object: endpoint === 'chat' ? 'chat.completion' : 'text_completion',
      created,
      model,
      choices: [endpoint === 'chat' ? this.#chatChoice(ids) : this.#completionChoice(ids)],
      service_tier: null,
      system_fingerprint: null,
      usage: { ...JSON.parse(usageJson(promptTokens, this.#tokenIds.length)), prompt_tokens_details: null },
      ...(endpoint === 'chat' && { prompt_logprobs: null, prompt_token_ids: promptTokenIds }),
      kv_transfer_params: null,
    })
  }

  #chatChoice(tokenIds: number[] | null): object {
    const call = this.#call
    return {
      index: 0,
      message: {
        role: this.#head.role,
        content: call === null ? this.#text : null,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        reasoning: null,
        ...(call && {
          tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
        }),
      },
      logprobs: null,
      ...this.#finish(),
      token_ids: tokenIds,
    }
  }

  #completionChoice(tokenIds: number[] | null): object {
    const { promptTokenIds } = this.#detail
    return {
      index: 0,
      text: this.#text,
      logprobs: null,
      ...this.#finish(),
      token_ids: tokenIds,
      prompt_logprobs: null,
      prompt_token_ids: promptTokenIds,
    }
  }

  #finish(): object {
    return { finish_reason: this.#ending?.finishReason ?? null, stop_reason: this.#ending?.stopReason ?? null }
  }
}
