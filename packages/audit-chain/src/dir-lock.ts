import { randomBytes } from 'node:crypto'
import { link, readFile, readdir, readlink, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AuditDirLocked } from './audit-errors.ts'
import { hasCode } from './durable-file.ts'

/** Who holds a folder. All but `pid` are known on Linux only; they tell a process from a later one of the same pid. */
interface Holder {
  readonly pid: number
  readonly bootId?: string
  readonly pidNamespace?: string
  readonly startTicks?: string
}

/** The holder touches its lock this often, for those who cannot see its pid (other containers). */
const touchMs = 500
/** An untouched lock of an unseen process is stale after this; four touches. */
const untouchedMs = 2000

/**
 * Takes a folder for this process alone until disposed. Throws AuditDirLocked while a live process holds it. The lock of a
 * dead one is taken over: locks are numbered, the highest holds, and one number is created once, so that of two that take
 * over at once exactly one wins. Waits up to 2 s when the former holder ran in another container.
 */
export const lockDir = async (dir: string): Promise<AsyncDisposable> => {
  const draft = join(dir, `lock-draft-${randomBytes(8).toString('hex')}`)
  await writeFile(draft, JSON.stringify(await describeProcess(process.pid)), { mode: 0o600 })
  try {
    for (;;) {
      const highest = (await lockNumbers(dir)).at(-1) ?? 0
      const holder = highest === 0 ? undefined : await liveHolder(lockPath(dir, highest))
      if (holder !== undefined) throw new AuditDirLocked(`${dir} is in use by ${holder}`)
      const path = lockPath(dir, highest + 1)
      if (!(await linked(draft, path))) continue
      const numbers = await lockNumbers(dir)
      if (numbers.at(-1) === highest + 1) {
        for (const number of numbers.slice(0, -1)) await rm(lockPath(dir, number), { force: true })
        return heldLock(path)
      }
      await rm(path, { force: true })
    }
  } finally {
    await unlink(draft)
  }
}

const lockPath = (dir: string, number: number): string => join(dir, `lock.${number}`)

const lockNumbers = async (dir: string): Promise<number[]> =>
  (await readdir(dir))
    .flatMap((name) => /^lock\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

const linked = async (draft: string, path: string): Promise<boolean> => {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

const heldLock = (path: string): AsyncDisposable => {
  const touch = setInterval(() => {
    const at = new Date()
    // A disk that refuses this refuses the appends too, and those report it.
    void Promise.allSettled([utimes(path, at, at)])
  }, touchMs)
  touch.unref()
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touch)
      await rm(path, { force: true })
    },
  }
}

/** Who holds the lock, in words; nothing when its process is gone. */
const liveHolder = async (path: string): Promise<string | undefined> => {
  const text = await readText(path)
  if (text === undefined) return undefined
  const holder = parsedHolder(text)
  const self = await describeProcess(process.pid)
  if (holder !== undefined && holder.bootId === self.bootId && holder.pidNamespace === self.pidNamespace) {
    if (!isAlive(holder.pid)) return undefined
    const { startTicks } = await describeProcess(holder.pid)
    return startTicks === holder.startTicks ? `process ${holder.pid}` : undefined
  }
  const before = await touchedAt(path)
  await delay(untouchedMs)
  const after = await touchedAt(path)
  return after !== undefined && after !== before ? 'a process of another container or machine' : undefined
}

/** Nothing for a text that a power cut left incomplete. */
const parsedHolder = (text: string): Holder | undefined => {
  try {
    return JSON.parse(text) as Holder
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
    if (hasCode(error, 'EPERM')) return true
    throw error
  }
}

const touchedAt = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const describeProcess = async (pid: number): Promise<Holder> => {
  const [bootId, pidNamespace, processStat] = await Promise.all([
    readText('/proc/sys/kernel/random/boot_id'),
    readText('/proc/self/ns/pid', readlink),
    readText(`/proc/${pid}/stat`),
  ])
  // Field 22 counted from 1; the name in field 2 is in parentheses and may hold anything.
  const startTicks = processStat?.slice(processStat.lastIndexOf(')') + 2).split(' ')[19]
  return {
    pid,
    ...(bootId === undefined ? {} : { bootId: bootId.trim() }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(startTicks === undefined ? {} : { startTicks }),
  }
}

const readText = async (
  path: string,
  read: (path: string, encoding: 'utf8') => Promise<string> = readFile,
): Promise<string | undefined> => {
  try {
    return await read(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined
    throw error
  }
}
