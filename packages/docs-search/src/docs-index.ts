import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { DocsIndexError, indexFormat } from './layout.ts'
import { matchExpression } from './match-expression.ts'

export interface DocsResult {
  /** `[0-9a-f]+`. */
  readonly id: string
  readonly content: string
  readonly metadata: {
    readonly filename: string
    readonly title: string
    readonly source_url: string
  }
}

/** All results of one answer together, by GitLab's own estimate (contract http §8.10), tokens. */
const answerTokensMax = 8000
const tokensPerWord = 1.4

/** A heading says more about a section than its text does, the page's title a little more. */
const rankedSearch = `
  SELECT id, title, heading, content, filename, source_url FROM sections
  WHERE sections MATCH ? ORDER BY bm25(sections, 3.0, 5.0, 1.0) LIMIT ?`

interface Opened {
  readonly database: DatabaseSync
  readonly search: StatementSync
  readonly inode: bigint
}

/** An index file in use. A file that was replaced is opened anew at the next question; one that is gone stays in use. */
export class DocsIndex implements Disposable {
  readonly #file: string
  #opened: Opened

  /** Throws DocsIndexError when the file cannot be read, or is of another version. */
  constructor(file: string) {
    this.#file = file
    this.#opened = open(file)
  }

  /** Number of sections. */
  get size(): number {
    const row = this.#opened.database.prepare('SELECT count(*) AS count FROM sections').get()
    return Number(row?.['count'])
  }

  /** The best sections for a question in any words, best first; none when it has no word that is in the documentation. */
  search(question: string, resultsMax: number): DocsResult[] {
    const expression = matchExpression(question)
    if (expression === null) return []
    const results: DocsResult[] = []
    let tokens = 0
    for (const row of this.#current().search.all(expression, resultsMax)) {
      const { id, title, heading, content, filename, source_url } = row as Record<string, string>
      const text = `# ${[title, heading].filter(Boolean).join(' > ')}\n\n${content}`
      tokens += (text.match(/\S+/g)?.length ?? 0) * tokensPerWord
      if (tokens > answerTokensMax) break
      results.push({
        id: id ?? '',
        content: text,
        metadata: { filename: filename ?? '', title: title ?? '', source_url: source_url ?? '' },
      })
    }
    return results
  }

  [Symbol.dispose](): void {
    this.#opened.database.close()
  }

  #current(): Opened {
    const inode = statSync(this.#file, { bigint: true, throwIfNoEntry: false })?.ino
    if (inode === undefined || inode === this.#opened.inode) return this.#opened
    const former = this.#opened
    this.#opened = open(this.#file)
    former.database.close()
    return this.#opened
  }
}

const mend = 'build it anew with: npm run penstock -- docs index DIR'

function open(file: string): Opened {
  const inode = statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
  if (inode === undefined) throw new DocsIndexError(`there is no documentation index ${file}: ${mend}`)
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(file, { readOnly: true })
    const format = database.prepare("SELECT value FROM about WHERE key = 'format'").get()?.['value']
    if (format !== String(indexFormat))
      throw new DocsIndexError(`${file} has format ${String(format)}, this release reads ${indexFormat}: ${mend}`)
    return { database, search: database.prepare(rankedSearch), inode }
  } catch (cause) {
    database?.close()
    if (cause instanceof DocsIndexError) throw cause
    throw new DocsIndexError(`${file} is no documentation index (${(cause as Error).message}): ${mend}`, { cause })
  }
}
