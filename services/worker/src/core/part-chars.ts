import type { Part } from '@penstock/contracts'

/** What a part takes in a message, roughly, characters. */
export const partChars = (part: Part): number => {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
      return part.text.length
    case 'tool-calls':
      return part.calls.reduce((chars, call) => chars + 64 + (call.arguments?.length ?? 0), 0)
    case 'embedding':
      return part.values.length * 20
    case 'end':
    case 'failed':
    case 'handover':
      return 64
  }
}
