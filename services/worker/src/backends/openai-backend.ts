import { AnswerReader } from '../core/answer-reader.ts'
import type { NodeTrouble } from '../core/judge-failure.ts'
import { VectorReader } from '../core/vector-reader.ts'
import { NodeCallFailed, NodeClient } from '../node-client.ts'
import type { NodeAnswer } from '../node-client.ts'
import type { NodeReach } from '../node-lookup.ts'
import type { Backend, BackendAnswer, BackendCall } from './backend.ts'
import type { OpenAiDialect } from './openai-dialect.ts'

export interface OpenAiBackendOptions {
  /** Name of the node, for the answer's end. */
  readonly node: string
  readonly url: string
  readonly reach: NodeReach
  readonly credential: string | null
  readonly dialect: OpenAiDialect
}

/** A node that speaks OpenAI's API, in one of its dialects. */
export class OpenAiBackend implements Backend {
  readonly continuesAnswers: boolean
  readonly #options: OpenAiBackendOptions
  readonly #client: NodeClient

  constructor(options: OpenAiBackendOptions) {
    this.#options = options
    this.continuesAnswers = options.dialect.continuesAnswers
    this.#client = new NodeClient(options.url, options.reach)
  }

  async answer(asked: BackendCall): Promise<BackendAnswer> {
    const { node, dialect, credential } = this.#options
    const { path, body, headers, stopStringsLeft } = dialect.request(asked, credential)
    const { call, answersAs } = asked
    const reader =
      call.kind === 'embedding'
        ? new VectorReader({ node, answersAs, texts: call.input.length })
        : new AnswerReader({ node, answersAs, stopStringsLeft })
    let broken: NodeTrouble | null = null
    try {
      const answer = await this.#client.call({
        path,
        body,
        headers: {
          ...headers,
          'x-request-id': asked.requestId,
          ...(asked.traceparent === undefined ? {} : { traceparent: asked.traceparent }),
        },
        signal: asked.signal,
        onObject: (object) => {
          const reading = reader.read(object)
          if (reading.kind === 'broken') {
            broken = reading
            return false
          }
          asked.onParts(reading.parts)
          return true
        },
      })
      if (answer.status !== 200) return { kind: 'trouble', trouble: troubleOf(answer) }
      const end = broken === null ? reader.end() : null
      const { uncachedTokens } = reader
      if (end !== null) return { kind: 'end', end, ...(uncachedTokens === null ? {} : { uncachedTokens }) }
      return { kind: 'trouble', trouble: broken ?? { kind: 'broken', reason: 'ended without a finish reason' } }
    } catch (error) {
      if (!(error instanceof NodeCallFailed)) throw error
      const trouble = broken ?? (error.answered ? { kind: 'broken', reason: error.name } : unreachable(error))
      return { kind: 'trouble', trouble: trouble as NodeTrouble }
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

const unreachable = ({ refused }: NodeCallFailed): NodeTrouble =>
  refused === null ? { kind: 'unreachable' } : { kind: 'unreachable', refused }

const troubleOf = ({ status, retryAfterMs, error }: NodeAnswer): NodeTrouble => ({
  kind: 'status',
  status,
  retryAfterMs,
  refusal: error?.contentFiltered ? 'content_filter' : error?.contextOverflow ? 'context_overflow' : null,
})
