import type { ServerResponse } from 'node:http'
import type { AnswerStep } from '../openai/answer.ts'
import { chunkFormat, usageJson } from './chunk-format.ts'
import type { ChunkFormat, ReplyHead } from './chunk-format.ts'
import type { Reply, ReplyDetail } from './reply.ts'

export interface StreamOptions {
  readonly includeUsage: boolean
  readonly continuousUsage: boolean
}

/** An answer as server-sent events, one chunk per token, the chunks of one engine pass in one write. */
export class StreamedReply implements Reply {
  readonly #response: ServerResponse
  readonly #format: ChunkFormat
  readonly #options: StreamOptions
  readonly #detail: ReplyDetail
  #pending = ''
  #steps = 0
  #tokens = 0

  constructor(response: ServerResponse, head: ReplyHead, options: StreamOptions, detail: ReplyDetail) {
    this.#response = response
    this.#format = chunkFormat(head)
    this.#options = options
    this.#detail = detail
  }

  open(): void {
    this.#response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'keep-alive' })
    this.#response.flushHeaders()
  }

  add(step: AnswerStep): void {
    const { promptTokenIds } = this.#detail
    const first = this.#steps++ === 0
    if (step.tokenId !== null) this.#tokens++
    if (first) this.#pending += this.#format.opening(promptTokenIds)
    const silent = step.text === '' && step.tool === null && step.end === null
    if (silent && promptTokenIds === null) return
    this.#pending += this.#format.step(step, {
      tokenIds: promptTokenIds === null ? null : step.tokenId === null ? [] : [step.tokenId],
      promptTokenIds: first ? promptTokenIds : null,
      usage: this.#options.continuousUsage ? this.#usage() : null,
    })
  }

  flush(sent?: () => void): void {
    const bytes = this.#pending
    this.#pending = ''
    if (bytes !== '') this.#response.write(bytes, sent)
    else sent?.()
  }

  end(): void {
    const usage = this.#options.includeUsage ? this.#format.usage(this.#usage()) : ''
    this.#response.end(`${this.#pending}${usage}data: [DONE]\n\n`)
  }

  #usage(): string {
    return usageJson(this.#detail.promptTokens, this.#tokens)
  }
}
