import type { Family } from '@penstock/models'
import { inTurn } from './text-stream.ts'
import type { TextStream } from './text-stream.ts'

const opening = '<think>'
const closing = '</think>'

/** Within so many characters a closing tag without an opening one ends reasoning whose beginning stood in the chat template. */
const orphanWithinChars = 80

/** Families whose servers are known to leave a closing tag behind; the others are not made to wait for one. */
const orphanFamilies: readonly Family[] = ['qwen', 'general']

/** Leaves out the reasoning block at the beginning of an answer. One that never ends used up the output: nothing is left. */
export function dropReasoning(family: Family): TextStream {
  return orphanFamilies.includes(family) ? inTurn(dropBlock(), dropOrphan()) : dropBlock()
}

function dropBlock(): TextStream {
  let state: 'undecided' | 'inside' | 'behind' | 'through' = 'undecided'
  let held = ''
  return {
    push(text) {
      if (state === 'through') return text
      held += text
      if (state === 'undecided') {
        const begun = held.trimStart()
        if (begun.length < opening.length && opening.startsWith(begun)) return ''
        if (!begun.startsWith(opening)) return through()
        state = 'inside'
      }
      if (state === 'inside') {
        const end = held.indexOf(closing)
        if (end < 0) return ''
        held = held.slice(end + closing.length)
        state = 'behind'
      }
      held = held.trimStart()
      return held === '' ? '' : through()
    },
    end: () => (state === 'undecided' ? through() : ''),
  }

  function through(): string {
    state = 'through'
    const text = held
    held = ''
    return text
  }
}

function dropOrphan(): TextStream {
  let decided = false
  let held = ''
  return {
    push(text) {
      if (decided) return text
      held += text
      const end = held.indexOf(closing)
      if (end < 0 && held.length < orphanWithinChars + closing.length) return ''
      decided = true
      return end >= 0 && end <= orphanWithinChars ? held.slice(end + closing.length).trimStart() : held
    },
    end: () => (decided ? '' : held),
  }
}
