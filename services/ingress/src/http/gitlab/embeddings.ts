import { STATUS_CODES } from 'node:http'
import { RequestFailure } from '@penstock/contracts'
import { features, parseCodeEmbeddings } from '@penstock/features'
import type { Answer } from '../../core/intake.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { intakeOf } from '../intake.ts'
import { callerOf, forbidden, invalidBody } from './code-answer.ts'

/** Refusals of a model server that the caller acts on itself: it asks for less at once, or sees to the key. */
const passedOn = [400, 401]

/** `POST /v1/embeddings/code_embeddings` with its two uses, which differ in their lane alone. */
export const codeEmbeddings =
  (use: 'code-embeddings' | 'code-embedding-search', dependencies: HandlerDependencies): Handler =>
  async (exchange) => {
    const { scopes, digest: principal } = callerOf(exchange)
    if (!scopes.has('generate_embeddings_codebase')) return forbidden('code embeddings')
    const parsed = parseCodeEmbeddings(await exchange.readJson())
    if (!parsed.ok)
      return parsed.kind === 'body' ? invalidBody(parsed.issues, exchange) : jsonAnswer(422, { detail: parsed.message })
    const { input, model, identifier } = parsed
    const intake = intakeOf(features[use], { input, model, principal, whole: true }, exchange, dependencies)
    try {
      const answer = await dependencies.desk.ask(intake, exchange.clientGone)
      return jsonAnswer(200, {
        model: { engine: 'litellm_embedding', name: answer.accepted.model, identifier },
        predictions: await predictionsOf(answer),
      })
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === null) throw error
      return refusal
    }
  }

/** The vectors in the order the node gave them. An attempt that broke off may have delivered some before: the first of each counts. */
const predictionsOf = async ({ parts }: Answer): Promise<{ embedding: readonly number[]; index: number }[]> => {
  const vectors = new Map<number, readonly number[]>()
  for await (const part of parts)
    if (part.kind === 'embedding' && !vectors.has(part.index)) vectors.set(part.index, part.values)
  return [...vectors].map(([index, embedding]) => ({ embedding, index }))
}

const refusalOf = (error: unknown): HttpAnswer | null => {
  if (!(error instanceof RequestFailure) || error.code !== 'backend_error') return null
  const { upstreamStatus: status = 500, message } = error.detail
  return passedOn.includes(status) ? jsonAnswer(status, { detail: message ?? STATUS_CODES[status] }) : null
}
