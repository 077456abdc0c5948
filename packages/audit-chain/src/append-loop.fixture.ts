import { writeSync } from 'node:fs'
import { accepted, completed, openTestLog } from './test-support.ts'

// A process to be killed: appends from 20 loops for ever and says each acknowledged record on stdout as "seq hash". After a
// failed append it says so, waits for a line on stdin and appends the same record again.
const log = await openTestLog(process.argv[2]!, { segmentBytes: 50_000 })
const lines = process.stdin[Symbol.asyncIterator]()

const durably = async (entry: ReturnType<typeof accepted>): Promise<void> => {
  try {
    const { seq, hash } = await log.append(entry)
    writeSync(1, `${seq} ${hash}\n`)
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException
    writeSync(1, `failed ${cause.code}\n`)
    await lines.next()
    await durably(entry)
  }
}

const loop = async (name: number): Promise<void> => {
  for (let turn = 0; ; turn += 1) {
    const id = `${process.pid}-${name}-${turn}`
    await durably(accepted(id))
    await durably(completed(id))
  }
}

await Promise.all(Array.from({ length: Number(process.argv[3] ?? 20) }, (_, name) => loop(name)))
