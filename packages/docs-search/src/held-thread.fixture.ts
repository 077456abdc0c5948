import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { SearchReply, SearchRequest } from './docs-search.ts'

// A search that stands still, thread and all, while the file that it was given exists; `crash` ends it.

const { file } = workerData as { file: string }
const nothing = new Int32Array(new SharedArrayBuffer(4))

parentPort?.on('message', ({ id, question }: SearchRequest) => {
  if (question === 'crash') throw new Error('crashed')
  while (existsSync(file)) Atomics.wait(nothing, 0, 0, 5)
  parentPort?.postMessage({ kind: 'found', id, results: [] } satisfies SearchReply)
})
parentPort?.postMessage({ kind: 'open' } satisfies SearchReply)
