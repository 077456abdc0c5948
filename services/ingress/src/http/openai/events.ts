import type { AnswerEnvelope } from '@penstock/features'
import type { AnswerPart } from '../../core/intake.ts'
import type { AnswerShape } from './shape.ts'

export const eventOf = (data: object): string => `data: ${JSON.stringify(data)}\n\n`

/** A text no answer's other members can hold in the same place: the template is cut where it stands last. */
const placeholder = '\u0000'

/** Turns texts into events that differ in nothing but the text: only that is serialised for each. */
const textEvents = (chunk: object): ((text: string) => string) => {
  const template = eventOf(chunk)
  const quoted = JSON.stringify(placeholder)
  const at = template.lastIndexOf(quoted)
  const before = template.slice(0, at)
  const after = template.slice(at + quoted.length)
  return (text) => before + JSON.stringify(text) + after
}

/** The form of an answer's pieces. */
type PieceShape = Pick<AnswerShape<never>, 'text' | 'reasoning' | 'toolCalls' | 'finish' | 'usage'>

/** Writes the parts of one answer as server-sent events. */
export const eventsOf = (shape: PieceShape, envelope: AnswerEnvelope): ((part: AnswerPart) => string) => {
  const text = textEvents(shape.text(envelope, placeholder))
  const reasoning = shape.reasoning === null ? () => '' : textEvents(shape.reasoning(envelope, placeholder))
  return (part) => {
    switch (part.kind) {
      case 'text':
        return text(part.text)
      case 'reasoning':
        return reasoning(part.text)
      case 'embedding':
      case 'anew':
        return ''
      case 'tool-calls': {
        const chunk = shape.toolCalls(envelope, part.calls)
        return chunk === null ? '' : eventOf(chunk)
      }
      case 'end': {
        const finish = eventOf(shape.finish(envelope, part.finishReason))
        const usage =
          envelope.includeUsage === true && part.usage !== null ? eventOf(shape.usage(envelope, part.usage)) : ''
        return `${finish}${usage}data: [DONE]\n\n`
      }
    }
  }
}
