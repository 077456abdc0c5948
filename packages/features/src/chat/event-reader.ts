import { assembleToolCalls } from '@penstock/models'
import type { Family, ToolCallDelta } from '@penstock/models'
import { dropReasoning } from '../answer/drop-reasoning.ts'
import { strictJson } from '../answer/find-json.ts'
import { deltaEvent, errorEvent } from './events.ts'
import type { ChatEvent } from './events.ts'
import { beforeObservation, inputText, meansNoTool, readAction } from './read-action.ts'
import type { WantedAction } from './read-action.ts'
import { toolNamed } from './tools.ts'
import type { ToolName } from './tools.ts'

export interface ChatEventReader {
  text(piece: string): ChatEvent[]
  /** A call that the model makes itself. */
  toolCalls(calls: readonly ToolCallDelta[]): void
  /** The events left at the end of the answer. There is always at least one event in all. */
  end(finishReason: string): ChatEvent[]
}

export interface ChatReaderOptions {
  readonly family: Family
  /** Tools on offer. */
  readonly tools: readonly ToolName[]
  /** The user's question, for a tool that is named without an input. */
  readonly question: string
}

const exactMarker = 'Final Answer:'
const looseMarker = /(?:^|\n)[ \t]*((?:[*_#>-]+[ \t]*)?)final answer[ \t]*:/i
const emphasis = /^(?:\*\*|__)/
const withheld = '\n\n_A content filter withheld a part of this answer._'

/**
 * Reads the two forms of a reply while it comes: a final answer is passed on as soon as its marker is there, an action only at the end.
 * If both occur the final answer wins; what a model invents behind its action's input does not count (contract http §8.5.4).
 */
export function readChatEvents({ family, tools, question }: ChatReaderOptions): ChatEventReader {
  const reasoning = dropReasoning(family)
  const calls: ToolCallDelta[] = []
  let open = ''
  let answer: FinalAnswer | null = null

  return {
    text(piece) {
      return take(reasoning.push(piece))
    },
    toolCalls(deltas) {
      calls.push(...deltas)
    },
    end(finishReason) {
      const events = take(reasoning.end())
      if (answer?.begun) {
        const warning = finishReason === 'content_filter' ? withheld : ''
        return [...events, deltaEvent(warning, finishReason)]
      }
      return [...events, ...unstreamed()]
    },
  }

  function take(text: string): ChatEvent[] {
    if (text === '') return []
    if (answer !== null) return deltas(answer.push(text))
    open += text
    const marker = markerIn(open)
    if (marker === null) return []
    answer = new FinalAnswer(marker.emphasised)
    const rest = open.slice(marker.end)
    open = open.slice(0, marker.at)
    // A model that imitates the tags of a transcript closes them in the piece that opened the answer.
    return deltas(answer.push(rest.split('</message>', 1)[0] ?? ''))
  }

  function unstreamed(): ChatEvent[] {
    const call = assembleToolCalls(calls)[0]
    if (call !== undefined) {
      const input = inputText(strictJson(call.arguments) ?? call.arguments)
      return [actionEvent({ tool: call.name, input: input || question, thought: open.trim() })]
    }
    const action = answer === null ? readAction(open, question) : null
    if (action !== null) return [actionEvent(action)]
    const text = open.trim()
    return [text === '' ? errorEvent('The model gave no answer') : { type: 'unknown', data: { text } }]
  }

  function actionEvent(action: WantedAction): ChatEvent {
    const tool = toolNamed(action.tool)
    if (tool === null && meansNoTool(action.tool) && action.input !== '') return deltaEvent(action.input, 'stop')
    if (tool === null || !tools.includes(tool)) return errorEvent('tool not available')
    return { type: 'action', data: { tool, tool_input: action.input, thought: action.thought.replaceAll('\\_', '_') } }
  }
}

const deltas = (text: string): ChatEvent[] => (text === '' ? [] : [deltaEvent(text)])

interface Marker {
  readonly at: number
  readonly end: number
  /** Emphasis was opened before the marker and may be closed behind it. */
  readonly emphasised: boolean
}

/** The first marker of a final answer, unless an invented observation comes before it. */
function markerIn(text: string): Marker | null {
  const told = /Action Input:/.test(text) ? beforeObservation(text) : text
  const exact = told.indexOf(exactMarker)
  const loose = looseMarker.exec(told)
  if (loose !== null && (exact < 0 || loose.index <= exact))
    return { at: loose.index, end: loose.index + loose[0].length, emphasised: /[*_]{2}/.test(loose[1] ?? '') }
  return exact < 0 ? null : { at: exact, end: exact + exactMarker.length, emphasised: false }
}

/** An answer without the blanks around it. */
class FinalAnswer {
  /** Something was said. */
  begun = false
  #held = ''
  #emphasised: boolean

  constructor(emphasised: boolean) {
    this.#emphasised = emphasised
  }

  push(text: string): string {
    let all = this.#held + text
    if (!this.begun) {
      if (this.#emphasised && all.trimStart().length < 2) {
        this.#held = all
        return ''
      }
      if (this.#emphasised) all = all.trimStart().replace(emphasis, '')
      this.#emphasised = false
      all = all.trimStart()
    }
    const said = all.trimEnd()
    this.#held = all.slice(said.length)
    if (said !== '') this.begun = true
    return said
  }
}
