/** A block of the answer: lines between fences, or running text. */
interface Block {
  readonly kind: 'fenced' | 'text'
  readonly lines: readonly string[]
  /** Behind the opening fence. */
  readonly info: string
  /** As it was written. */
  readonly text: string
}

const fenceLine = /^[ \t]*(?:```|~~~)[`~]*([^`]*)$/
const inlineSpan = /```([^`\n]+)```/g
const shellPrompt = /^(?:[$>]|#(?=\s*git\s))\s*/

/**
 * Text in which glab finds its commands: each alone between triple backticks, without a language name. glab runs only what begins
 * with `git`; anything else in a fence becomes plain text. Without a single fenced command those in the running text are fenced. An
 * answer in order stays as it is.
 */
export function fenceCommands(answer: string): string {
  const text = answer.replace(/\r\n?/g, '\n')
  const blocks = blocksOf(text)
  const fenced = blocks.map(tidied).join('\n')
  return blocks.some(hasCommand) ? fenced : fenceLoose(fenced)
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open: { info: string; opening: string; lines: string[] } | null = null
  let prose: string[] = []
  const endProse = (): void => {
    if (prose.length > 0) blocks.push({ kind: 'text', lines: prose, info: '', text: prose.join('\n') })
    prose = []
  }
  for (const line of text.split('\n')) {
    const info = fenceLine.exec(line)?.[1]?.trim()
    if (open !== null && info !== undefined) {
      blocks.push({ ...open, kind: 'fenced', text: [open.opening, ...open.lines, line].join('\n') })
      open = null
    } else if (open !== null) open.lines.push(line)
    else if (info !== undefined) {
      endProse()
      open = { info, opening: line, lines: [] }
    } else prose.push(line)
  }
  // A cut-off answer does not close its fence.
  if (open !== null) blocks.push({ ...open, kind: 'fenced', text: '' })
  endProse()
  return blocks
}

function tidied(block: Block): string {
  if (block.kind === 'text') return block.text.replace(inlineSpan, (_all, inner: string) => inlineCommand(inner))
  const commands = commandsOf(block)
  return block.text === isolated(commands[0] ?? '') ? block.text : commands.map(isolated).join('\n')
}

function hasCommand(block: Block): boolean {
  if (block.kind === 'fenced') return commandsOf(block).some(isCommand)
  return [...block.text.matchAll(inlineSpan)].some(([, inner]) => isCommand(bareCommand(inner ?? '')))
}

/** The lines of a fence without prompts and blanks. The word behind the opening fence is a language unless it begins a command. */
function commandsOf({ info, lines }: Block): string[] {
  const joined = [...(isCommand(info) ? [info] : []), ...lines].join('\n').replace(/\\\n[ \t]*/g, '')
  return joined
    .split('\n')
    .map(bareCommand)
    .filter((line) => line !== '')
}

function bareCommand(line: string): string {
  return line.trim().replace(shellPrompt, '').replaceAll('`', '').trim()
}

function isCommand(line: string): boolean {
  return /^git\s+\S/.test(line)
}

function isolated(line: string): string {
  return isCommand(line) ? `\`\`\`\n${line}\n\`\`\`` : line
}

function inlineCommand(inner: string): string {
  const command = bareCommand(inner)
  return isCommand(command) ? `\`\`\`${command}\`\`\`` : inner
}

/** Commands in single backticks, else those on a line of their own. */
function fenceLoose(text: string): string {
  const inline = text.replace(/(?<!`)`([^`\n]+)`(?!`)/g, (all, inner: string) => {
    const command = bareCommand(inner)
    return isCommand(command) ? `\n${isolated(command)}\n` : all
  })
  if (inline !== text) return inline.trim()
  const lines = text.split('\n').map((line) => {
    const command = bareCommand(line.trim().replace(/^(?:[-*]|\d{1,3}[.)])\s+/, ''))
    return isCommand(command) ? isolated(command) : line
  })
  return lines.join('\n')
}
