import type { TextStream } from '@penstock/features'
import type { Usage } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'
import type { ClientStream } from '../client-stream.ts'
import type { Exchange } from '../exchange.ts'
import { WholeCharacters } from '../whole-characters.ts'

/** How pieces of text look on the wire. */
export interface StreamFraming {
  piece(text: string): string
  /** The end of the answer, with what text is left; always written. */
  last(text: string, usage: Usage | null): string
}

/** The text itself: clients join what comes. */
export const bareFraming: StreamFraming = { piece: (text) => text, last: (text) => text }

/**
 * Streams an answer's text. The status line waits for the first text there is to show: until then a failure is still answered with its
 * own status. Later the connection breaks off, so that nobody takes half an answer for a whole one.
 */
export const streamText = async (
  exchange: Exchange,
  { parts }: Answer,
  rewrite: TextStream,
  framing: StreamFraming,
): Promise<void> => {
  const characters = new WholeCharacters()
  let stream: ClientStream | null = null
  let usage: Usage | null = null
  try {
    for await (const part of parts) {
      if (part.kind === 'end') usage = part.usage
      if (part.kind !== 'text') continue
      const text = characters.push(rewrite.push(part.text))
      if (text === '') continue
      stream ??= exchange.openStream()
      stream.write(framing.piece(text))
    }
    stream ??= exchange.openStream()
    stream.end(framing.last(characters.push(rewrite.end()), usage))
  } catch (error) {
    stream?.cut()
    throw error
  }
}
