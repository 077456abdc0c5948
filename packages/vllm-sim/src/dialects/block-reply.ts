import type { ServerResponse } from 'node:http'
import type { Reply, ReplyDetail } from '../http/reply.ts'
import { StreamWriter } from '../http/stream-writer.ts'
import type { AnswerEnd, AnswerStep } from '../openai/answer.ts'
import type { Refusal } from '../openai/refusal.ts'

/** A part of an answer that is opened, filled and closed. */
export interface Block {
  readonly kind: 'text' | 'reasoning' | 'tool'
  readonly index: number
  /** Of a tool call. */
  readonly call: { readonly id: string; readonly name: string } | null
  /** What it holds so far: text, or a call's arguments. */
  text: string
}

/** A server-sent event; its name is the data's `type`. */
export type TypedEvent = { readonly type: string } & Readonly<Record<string, unknown>>

/** How a streamed answer is written block by block. */
export interface BlockFormat {
  /** Whether the stream begins before the first token. */
  readonly beginsAtOnce: boolean
  /** The event that brings text. */
  readonly pieceEvent: string
  begin(): TypedEvent[]
  start(block: Block): TypedEvent[]
  piece(block: Block, text: string): TypedEvent[]
  stop(block: Block): TypedEvent[]
  finish(blocks: readonly Block[], end: AnswerEnd): TypedEvent[]
  error(refusal: Refusal): TypedEvent[]
}

/** Answers as typed events, block after block: a thought, a text, calls. For one answer. */
export class BlockReply implements Reply {
  readonly #response: ServerResponse
  readonly #detail: ReplyDetail
  readonly #format: BlockFormat
  readonly #blocks: Block[] = []
  #end: AnswerEnd = { finishReason: 'abort', stopReason: null }
  #begun = false
  readonly #writer: StreamWriter

  constructor(response: ServerResponse, detail: ReplyDetail, format: BlockFormat) {
    this.#response = response
    this.#writer = new StreamWriter(response, detail.outlet)
    this.#detail = detail
    this.#format = format
  }

  open(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      connection: 'keep-alive',
      ...this.#detail.headers(),
    })
    this.#response.flushHeaders()
    if (!this.#format.beginsAtOnce) return
    this.#begin()
    this.flush()
  }

  add(_: number, { tool, reasoning, text, end }: AnswerStep): void {
    this.#begin()
    if (tool !== null) this.#piece('tool', tool.arguments, tool.start)
    if (reasoning !== '') this.#piece('reasoning', reasoning, null)
    if (text !== '') this.#piece('text', text, null)
    if (end !== null) this.#end = end
  }

  flush(sent?: () => void): void {
    this.#writer.flush(sent)
  }

  end(): void {
    this.#begin()
    const last = this.#blocks.at(-1)
    if (last !== undefined) this.#write(this.#format.stop(last))
    this.#write(this.#format.finish(this.#blocks, this.#end))
    this.#writer.end()
  }

  garble(): void {
    this.#begin()
    this.#writer.add(
      `event: ${this.#format.pieceEvent}\ndata: {"type": "${this.#format.pieceEvent}", "index": 0, "delta"\n\n`,
    )
    this.flush()
  }

  truncate(): void {
    if (!this.#response.headersSent) this.open()
    this.#writer.end()
  }

  fail(refusal: Refusal): void {
    if (!this.#response.headersSent) this.open()
    this.#write(this.#format.error(refusal))
    this.#writer.end()
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#write(this.#format.begin())
  }

  #piece(kind: Block['kind'], text: string, call: Block['call']): void {
    let block = this.#blocks.at(-1)
    if (block === undefined || block.kind !== kind || call !== null) {
      if (block !== undefined) this.#write(this.#format.stop(block))
      block = { kind, index: this.#blocks.length, call, text: '' }
      this.#blocks.push(block)
      this.#write(this.#format.start(block))
    }
    if (text === '') return
    block.text += text
    this.#write(this.#format.piece(block, text))
  }

  #write(events: readonly TypedEvent[]): void {
    for (const event of events) this.#writer.add(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}
