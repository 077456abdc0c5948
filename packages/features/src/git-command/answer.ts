/** A fenced block with what stands behind its opening fence, up to a fence or the end of a cut-off answer. */
const block = /(`{3,}|~{3,})([^\n]*?)\n([^]*?)(?:\n[ \t]*(?:`{3,}|~{3,})|$)|```([^`\n]+)```/g
const languageName = /^[a-z][\w+.-]*$/i
const shellPrompt = /^\s*(?:\$|>|#(?=\s*git\s))\s*/

/**
 * Text in which glab finds its commands: each alone between triple backticks, without a language name. glab runs only what begins
 * with `git`; anything else in a fence becomes plain text. Without a single fenced command those in the running text are fenced.
 */
export function fenceCommands(answer: string): string {
  const text = answer.replace(/\r\n?/g, '\n')
  const fenced = text.replace(block, (whole, _fence, info: string | undefined, body: string | undefined, inline) => {
    const lines = inline === undefined ? [...firstLine(info ?? ''), ...(body ?? '').split('\n')] : [inline as string]
    const commands = joinContinued(lines).map(bareCommand)
    const isAlready = commands.length === 1 && isCommand(commands[0] ?? '') && trimmedBlock(whole) === commands[0]
    if (isAlready) return whole
    return commands
      .filter((line) => line !== '')
      .map(isolated)
      .join('\n')
  })
  return commandsIn(fenced).length > 0 ? (fenced === text ? answer : fenced) : fenceLoose(fenced)
}

/** What glab would offer to run. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/```([^`]*)```/g)].map(([, inner]) => (inner ?? '').trim()).filter(isCommand)
}

/** The word behind an opening fence is a language unless it begins a command. */
function firstLine(info: string): string[] {
  const word = info.trim()
  return word === '' || (languageName.test(word) && word !== 'git') ? [] : [word]
}

function joinContinued(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
}

function bareCommand(line: string): string {
  return line.replace(shellPrompt, '').replaceAll('`', '').trim()
}

function isCommand(line: string): boolean {
  return /^git\s+\S/.test(line) && !line.includes('\n')
}

function trimmedBlock(whole: string): string {
  return whole.replace(/^[`\s]+|[`\s]+$/g, '')
}

function isolated(line: string): string {
  return isCommand(line) ? `\`\`\`\n${line}\n\`\`\`` : line
}

/** Commands in single backticks, or on a line of their own. */
function fenceLoose(text: string): string {
  const inline = text.replace(
    /(?<!`)`(?:\$\s*)?(git\s[^`\n]+)`(?!`)/g,
    (_all, command: string) => `\n${isolated(command.trim())}\n`,
  )
  if (inline !== text) return inline.trim()
  return text.replace(/^[ \t]*(?:[-*]|\d+[.)])?[ \t]*(?:\$[ \t]*)?(git [a-z][^\n]*)$/gm, (_all, command: string) =>
    isolated(command.trim()),
  )
}
