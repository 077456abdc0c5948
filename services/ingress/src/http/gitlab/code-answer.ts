import { featureSettings } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import type { EditorBodyProblem, SuggestionModel, TextStream } from '@penstock/features'
import { suggestionEvents } from '@penstock/features'
import type { Usage } from '@penstock/models'
import type { Principal } from '../../auth/principal.ts'
import type { Answer } from '../../core/intake.ts'
import type { ClientStream } from '../client-stream.ts'
import type { Exchange } from '../exchange.ts'
import { jsonAnswer } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import { WholeCharacters } from '../whole-characters.ts'
import { validationError } from './errors.ts'
import { isVerbose } from './request-headers.ts'

/** Silence after which a stream of events says that it lives, ms. */
const pingEveryMs = 15_000

/** Who asks on GitLab's front. */
export const callerOf = ({ caller }: Exchange): Principal => {
  if (caller?.kind !== 'gitlab') throw new RequestFailure('internal')
  return caller.principal
}

export const forbidden = (what: string): HttpAnswer => jsonAnswer(403, { detail: `Unauthorized to access ${what}` })

/** The body breaks its schema. Only instances that allow prompts to be logged are told where. */
export const invalidBody = (
  issues: readonly { readonly path: string; readonly message: string }[],
  exchange: Exchange,
): HttpAnswer =>
  validationError(
    isVerbose(exchange.headers),
    issues.map(({ path, message }) => `${path || 'body'}: ${message}`).join('; '),
  )

export const bodyProblem = (problem: EditorBodyProblem, exchange: Exchange): HttpAnswer =>
  problem.kind === 'invalid_model'
    ? jsonAnswer(422, { detail: problem.message })
    : invalidBody(problem.issues, exchange)

/** Whether what models add around code is taken off. */
export const isTidied = (feature: string, snapshot: ConfigSnapshot | null): boolean =>
  snapshot === null || featureSettings(snapshot.document, feature).tidy

/** All text of an answer. */
export const collectText = async ({ parts }: Answer): Promise<{ text: string; usage: Usage | null }> => {
  const texts: string[] = []
  let usage: Usage | null = null
  for await (const part of parts) {
    if (part.kind === 'text') texts.push(part.text)
    else if (part.kind === 'anew') texts.length = 0
    else if (part.kind === 'end') usage = part.usage
  }
  return { text: texts.join(''), usage }
}

/** The text itself, without framing or trailer: clients join what comes. On a failure the connection breaks off. */
export const streamRaw = async (exchange: Exchange, answer: Answer, cleaning: TextStream): Promise<void> => {
  const stream = exchange.openStream()
  await pour(stream, answer, cleaning, (text) => text)
  stream.end()
}

/** Server-sent events. On a failure the connection breaks off: without its last event nothing is complete. */
export const streamEvents = async (
  exchange: Exchange,
  answer: Answer,
  cleaning: TextStream,
  about: {
    readonly model: SuggestionModel
    readonly nowMs: number
    readonly enabledFeatureFlags: readonly string[]
  },
): Promise<void> => {
  const stream = exchange.openStream({ 'x-streaming-format': 'sse' })
  stream.write(suggestionEvents.start(about))
  const pings = setInterval(() => stream.write(suggestionEvents.ping()), pingEveryMs).unref()
  try {
    await pour(stream, answer, cleaning, (text) => {
      pings.refresh()
      return text === '' ? '' : suggestionEvents.content(text)
    })
    stream.end(suggestionEvents.end())
  } finally {
    clearInterval(pings)
  }
}

const pour = async (
  stream: ClientStream,
  { parts }: Answer,
  cleaning: TextStream,
  framed: (text: string) => string,
): Promise<void> => {
  const characters = new WholeCharacters()
  try {
    for await (const part of parts) {
      if (part.kind === 'text') stream.write(framed(characters.push(cleaning.push(part.text))))
      // The model thinks. Workhorse waits without limit once it has the headers.
      else if (part.kind === 'reasoning') stream.open()
    }
    stream.write(framed(characters.push(cleaning.end())))
  } catch (error) {
    stream.cut()
    throw error
  }
}
