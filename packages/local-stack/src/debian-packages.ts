import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import type { CommandResult } from './run-command.ts'

const stepTimeoutMs = 180_000

/** Lists and caches of our own: neither root nor the machine's package state is touched. */
const aptOptions = (folder: string): string[] =>
  [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    'Acquire::Languages=none',
    'APT::Sandbox::User=',
    'Acquire::http::Timeout=20',
    'APT::Update::Post-Invoke=',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option])

/** The most telling line of a failed command. */
const complaint = ({ stderr, code }: CommandResult): string =>
  stderr.split('\n').findLast((line) => line.startsWith('E: ')) ??
  stderr.trim().split('\n').at(-1) ??
  `exit code ${code}`

/**
 * Downloads Debian packages and unpacks them into `target`, which appears whole or not at all. Dependencies are not resolved: name each
 * package. Needs apt-get and dpkg-deb, no root. The caller sees to it that no other process does so too. Throws with the tool's own
 * complaint as message.
 */
export const unpackDebianPackages = async (target: string, packages: readonly string[]): Promise<void> => {
  const folder = `${target}.part`
  // What a killed download left.
  await rm(folder, { recursive: true, force: true })
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'debs', 'root'])
      await mkdir(join(folder, name), { recursive: true })
    const debs = join(folder, 'debs')
    const env = { ...process.env, LC_ALL: 'C' }
    const apt = (...args: string[]): Promise<CommandResult> =>
      runCommand('apt-get', [...aptOptions(folder), ...args], { cwd: debs, env, timeoutMs: stepTimeoutMs })

    // One unreachable source of many fails the update; whether the packages are there, the download tells.
    const update = await apt('-qq', 'update')
    const download = await apt('-qq', 'download', ...packages)
    if (download.code !== 0) throw new Error(complaint(update.code === 0 ? download : update))

    for (const deb of await readdir(debs)) {
      const unpack = await runCommand('dpkg-deb', ['-x', join(debs, deb), join(folder, 'root')], {
        env,
        timeoutMs: stepTimeoutMs,
      })
      if (unpack.code !== 0) throw new Error(complaint(unpack))
    }
    await rm(target, { recursive: true, force: true })
    await rename(join(folder, 'root'), target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
