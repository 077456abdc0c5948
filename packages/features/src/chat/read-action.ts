import { findJson } from '../answer/find-json.ts'
import { toolNamed } from './tools.ts'

/** What a model wants to do, as far as its text says. */
export interface WantedAction {
  readonly tool: string
  readonly input: string
  readonly thought: string
}

const actionLabel = /(?:(?:^|\n)[ \t]*(?:[*_#>-]+[ \t]*)?)?Action:/
const inputLabel = /Action Input:(?:\*\*|__)?/
/** What models write for the tool when they mean none. */
const noTool = /^(?:none|n\/a|null|no[ _-]?tool|direct[ _-]?answer|final[ _-]?answer|answer|respond)$/i

/**
 * The action in a reply that holds no final answer; null: none. Labels may be emphasised or listed; an action as JSON, or as a call in
 * tags, is read too. A tool without an input is asked the question itself.
 */
export function readAction(text: string, question: string): WantedAction | null {
  return fromLabels(text, question) ?? fromJson(text)
}

/** Whether the tool's name says that no tool is meant: what follows is the answer. */
export function meansNoTool(tool: string): boolean {
  return noTool.test(tool.replace(/^[\s*`"']+|[\s*`"'.]+$/g, ''))
}

function fromLabels(text: string, question: string): WantedAction | null {
  const label = actionLabel.exec(text)
  if (label === null) return null
  const thought = text.slice(0, label.index).trim()
  const rest = text.slice(label.index + label[0].length)
  const input = inputLabel.exec(rest)
  // The name ends at its line, or at the next label.
  const named = rest.slice(0, input?.index).split(/\bAction\b/, 1)[0] ?? ''
  const name = named.trim().split('\n', 1)[0] ?? ''
  const bare = name.replace(/^[\s*_`"']+|[\s*`"'-]+$/g, '')
  if (input !== null) {
    const asked = beforeObservation(rest.slice(input.index + input[0].length)).trim()
    return { tool: bare, input: asked, thought }
  }
  const called = /^([\w\\]+)\s*\(([^]*)\)\s*$/.exec(name)
  if (called !== null) return { tool: called[1] ?? '', input: (called[2] ?? '').replace(/^["']|["']$/g, ''), thought }
  return toolNamed(bare) === null ? null : { tool: bare, input: question, thought }
}

function fromJson(text: string): WantedAction | null {
  for (const value of findJson(text, 'object')) {
    const { action, tool, name, ...others } = value as Record<string, unknown>
    const wanted = [action, tool, name].find((each) => typeof each === 'string' && toolNamed(each) !== null)
    if (typeof wanted !== 'string') continue
    const input = others.action_input ?? others.tool_input ?? others.input ?? others.arguments ?? others.parameters
    const thought = text.slice(0, text.indexOf('{')).replace(/```\w*\s*$|<tool_call>\s*$/, '')
    return { tool: wanted, input: inputText(input), thought: thought.trim() }
  }
  return null
}

/** The one text among a call's arguments. */
export function inputText(args: unknown): string {
  if (typeof args === 'string') return args
  if (typeof args !== 'object' || args === null) return ''
  const { input } = args as { input?: unknown }
  if (typeof input === 'string') return input
  return Object.values(args).find((value) => typeof value === 'string') ?? JSON.stringify(args)
}

/** A model that goes on behind its input invents what the tool would have found. */
export function beforeObservation(text: string): string {
  const at = text.search(/(?:^|\n)[ \t]*(?:[*_#>-]+[ \t]*)?Observation:/)
  return at < 0 ? text : text.slice(0, at)
}
