import { readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockDir } from './dir-lock.ts'
import { temporaryDir } from './test-support.ts'

/** What this process writes into its lock, changed. */
const lockText = async (change: Record<string, unknown>): Promise<string> => {
  await using dir = await temporaryDir()
  await using _lock = await lockDir(dir.path)
  const own = JSON.parse(await readFile(join(dir.path, 'lock.1'), 'utf8')) as Record<string, unknown>
  return JSON.stringify({ ...own, ...change })
}

/** No process has it: above the kernel's largest pid. */
const deadPid = 4_194_305

test('of many that take over the lock of a dead process at once exactly one gets it', async () => {
  await using dir = await temporaryDir()
  await writeFile(join(dir.path, 'lock.7'), await lockText({ pid: deadPid }))
  const tries = await Promise.allSettled(Array.from({ length: 30 }, () => lockDir(dir.path)))
  const won = tries.filter((one) => one.status === 'fulfilled')
  expect(won.length).toBe(1)
  expect((await readdir(dir.path)).length).toBe(1)
  await won[0]!.value[Symbol.asyncDispose]()
  expect(await readdir(dir.path)).toEqual([])
})

test('a lock whose pid a later process has is taken over', async () => {
  await using dir = await temporaryDir()
  await writeFile(join(dir.path, 'lock.1'), await lockText({ startTicks: '1' }))
  await using _lock = await lockDir(dir.path)
  expect(await readdir(dir.path)).toEqual(['lock.2'])
})

test.concurrent.each(['{"pid":1,"bootId":"other"}', '{"pid":', ''])(
  'an untouched lock of a process that cannot be seen (%s) is taken over',
  async (text) => {
    await using dir = await temporaryDir()
    await writeFile(join(dir.path, 'lock.1'), text)
    await using _lock = await lockDir(dir.path)
    expect(await readdir(dir.path)).toEqual(['lock.2'])
  },
)

test.concurrent('a lock that another container keeps touching is respected', async () => {
  await using dir = await temporaryDir()
  const path = join(dir.path, 'lock.1')
  await writeFile(path, await lockText({ pidNamespace: 'pid:[1]' }))
  const touch = setInterval(() => void utimes(path, new Date(), new Date()), 300)
  await expect(lockDir(dir.path)).rejects.toThrow(/in use by a process of another container/)
  clearInterval(touch)
})
