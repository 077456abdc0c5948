import { closeSync, openSync, renameSync, writeSync } from 'node:fs'

/** A file of lines, with a bound: what is full becomes `<path>.1` and replaces the one before. */
export interface LineLog extends Disposable {
  readonly path: string
  write(line: string): void
}

const fileBytesMax = 16 * 1024 * 1024

/** Starts an empty file. Lines are written before `write` returns, so that they are there however the process ends. */
export const openLineLog = (path: string, bytesMax = fileBytesMax): LineLog => {
  let fd = openSync(path, 'w')
  let bytes = 0
  return {
    path,
    write(line) {
      if (bytes >= bytesMax) {
        closeSync(fd)
        renameSync(path, `${path}.1`)
        fd = openSync(path, 'w')
        bytes = 0
      }
      bytes += writeSync(fd, `${line}\n`)
    },
    [Symbol.dispose]: () => closeSync(fd),
  }
}
