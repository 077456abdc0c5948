import { parentPort, workerData } from 'node:worker_threads'
import { DocsIndex } from './docs-index.ts'
import { DocsIndexError } from './layout.ts'
import type { SearchReply, SearchRequest } from './docs-search.ts'

// The thread of DocsSearch: opens the index, says so, then answers one question after the other.

const { file } = workerData as { file: string }
const reply = (message: SearchReply): void => parentPort?.postMessage(message)
const problemOf = (error: unknown): string => {
  if (error instanceof DocsIndexError) return error.message
  return `${file} cannot be searched: ${error instanceof Error ? error.message : String(error)}`
}

const serve = (index: DocsIndex): void => {
  parentPort?.on('message', ({ id, question, resultsMax }: SearchRequest) => {
    try {
      reply({ kind: 'found', id, results: index.search(question, resultsMax) })
    } catch (error) {
      reply({ kind: 'failed', id, problem: problemOf(error) })
    }
  })
  reply({ kind: 'open' })
}

try {
  serve(new DocsIndex(file))
} catch (error) {
  reply({ kind: 'unreadable', problem: problemOf(error) })
}
