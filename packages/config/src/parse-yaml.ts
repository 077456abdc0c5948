import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { ConfigDocument } from './document.ts'
import { type ConfigPath, type ConfigProblem, formatPath, validateDocument } from './validate.ts'

/** A problem and where in the file it is; line and column count from 1. */
export interface LocatedProblem extends ConfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type ParsedConfig =
  | { readonly ok: true; readonly document: ConfigDocument }
  | { readonly ok: false; readonly problems: readonly LocatedProblem[] }

/** Far above any real document; keeps a wrong file from filling the memory. */
const textBytesMax = 10 * 1024 * 1024

/** Enough for a document that reuses its parts, far too few for one that explodes. */
const aliasCountMax = 100

/** Reads a YAML document. Every problem names the file, line and path of what is wrong. */
export function parseConfig(text: string, { file }: { file: string }): ParsedConfig {
  const lines = new LineCounter()
  const at = (offset: number, path: ConfigPath, message: string): LocatedProblem => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col), path, message }
  }
  if (Buffer.byteLength(text) > textBytesMax)
    return { ok: false, problems: [at(0, [], `the file is larger than ${textBytesMax} bytes`)] }

  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true })
  const broken = [...yaml.errors, ...yaml.warnings]
  if (broken.length > 0) return { ok: false, problems: broken.map((error) => at(error.pos[0], [], error.message)) }

  let value: unknown
  try {
    value = yaml.toJS({ maxAliasCount: aliasCountMax })
  } catch (error) {
    return { ok: false, problems: [at(0, [], error instanceof Error ? error.message : String(error))] }
  }
  const validation = validateDocument(value)
  if (validation.ok) return validation
  return {
    ok: false,
    problems: validation.problems.map(({ path, message }) => at(offsetOf(yaml, path), path, message)),
  }
}

/** One line per problem: `penstock.yaml:12:5 pools[0].nodes[1]: no node is named "gpu9"`. */
export function formatProblems(problems: readonly LocatedProblem[]): string {
  return problems
    .map(({ file, line, column, path, message }) => {
      const place = `${file}:${line}:${column}`
      return path.length === 0 ? `${place}: ${message}` : `${place} ${formatPath(path)}: ${message}`
    })
    .join('\n')
}

/** Where the entry at `path` starts (its key, in a map); of one that is not there, the nearest thing around it. */
function offsetOf(yaml: Document.Parsed, path: ConfigPath): number {
  let node: Node | null = yaml.contents
  let offset = startOf(node) ?? 0
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(yaml) ?? null
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) return offset
      offset = startOf(pair.key as Node) ?? offset
      node = pair.value as Node | null
    } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      node = node.items[part] as Node
      offset = startOf(node) ?? offset
    } else return offset
  }
  return offset
}

const startOf = (node: Node | null): number | undefined => node?.range?.[0]
