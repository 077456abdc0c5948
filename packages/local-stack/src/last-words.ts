import type { Exit } from './guarded-process.ts'

/** `exit code 1` or `SIGKILL`. */
export const describeExit = ({ code, signal }: Exit): string => signal ?? `exit code ${code}`

/** The object in a line of JSON; null for any other line. */
export const parseJsonLine = (line: string): Record<string, unknown> | null => {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return null
  }
}

/** How Node begins the account of an error that nothing caught. */
const thrown = /^\w*Error( \[\w+\])?: /

/** The last line that tells of an error: a log record's message, else an uncaught error, else the last line that is no log record; null when
 *  there is none. */
export const errorLine = (lines: readonly string[]): string | null => {
  for (const line of lines.toReversed()) {
    const record = parseJsonLine(line)
    if (record === null) continue
    if (record['severity'] === 'error' || record['severity'] === 'fatal') return String(record['message'])
  }
  const plain = lines.filter((line) => line.trim() !== '' && parseJsonLine(line) === null)
  return (plain.findLast((line) => thrown.test(line)) ?? plain.at(-1))?.trim() ?? null
}
