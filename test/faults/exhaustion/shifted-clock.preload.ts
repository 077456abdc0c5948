import { readFileSync } from 'node:fs'

/**
 * Loaded into a service before its own code (`--import`): the date of the process is off by so many ms as a file says, as after somebody has
 * set the machine's clock. The monotonic clock goes on, as it does then.
 */
const file = process.env['PENSTOCK_TEST_CLOCK_FILE'] ?? ''
const lookEveryMs = 50
const TrueDate = Date
let shiftMs = 0

const look = (): void => {
  try {
    shiftMs = Number(readFileSync(file, 'utf8')) || 0
  } catch {
    shiftMs = 0
  }
}

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [TrueDate.now() + shiftMs] : given, newTarget) as Date,
  apply: () => new Date().toString(),
  get: (target, key, receiver) =>
    key === 'now' ? () => TrueDate.now() + shiftMs : (Reflect.get(target, key, receiver) as unknown),
})
look()
setInterval(look, lookEveryMs).unref()
