import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommand, unpackDebianPackages, withFileLock } from '@penstock/local-stack'

/** How a peer is fetched from a package registry into a folder of its own. */
export type PeerPackage =
  | { readonly registry: 'pypi'; readonly requirement: string }
  | { readonly registry: 'npm'; readonly packages: readonly string[] }
  | { readonly registry: 'debian'; readonly packages: readonly string[] }

/** A peer cannot take part; the message says why, in one line. */
export class Unavailable extends Error {}

const stepTimeoutMs = 600_000

/** Throw-away: deleting it costs the next run a download. */
const peersFolder = (): string =>
  process.env['PENSTOCK_BENCH_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'penstock-bench')

/** The folder that holds a peer, fetched the first time. One installation at a time on this machine. Throws Unavailable. */
export const peerFolder = async (
  name: string,
  source: PeerPackage,
  onProgress: (sentence: string) => void,
): Promise<string> => {
  const folder = join(peersFolder(), name)
  const stamp = join(folder, '.complete')
  const wanted = JSON.stringify(source)
  const isThere = (): Promise<boolean> =>
    readFile(stamp, 'utf8').then(
      (stamped) => stamped === wanted,
      () => false,
    )
  if (await isThere()) return folder
  await withFileLock(join(peersFolder(), 'lock'), async () => {
    if (await isThere()) return
    onProgress(`fetching ${name} into ${folder}`)
    await rm(folder, { recursive: true, force: true })
    await mkdir(dirname(folder), { recursive: true })
    await install(folder, source)
    await writeFile(stamp, wanted)
  })
  return folder
}

const install = async (folder: string, source: PeerPackage): Promise<void> => {
  switch (source.registry) {
    case 'debian':
      return await unpackDebianPackages(folder, source.packages).catch((error: unknown) => {
        throw new Unavailable(`cannot be fetched: ${error instanceof Error ? error.message : String(error)}`)
      })
    case 'pypi':
      await step('python3', ['-m', 'venv', folder])
      return await step(join(folder, 'bin/pip'), [
        'install',
        '--quiet',
        '--disable-pip-version-check',
        source.requirement,
      ])
    case 'npm':
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'package.json'), '{"private":true}')
      return await step(
        'npm',
        ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...source.packages],
        folder,
      )
  }
}

const step = async (command: string, args: readonly string[], cwd?: string): Promise<void> => {
  const { code, stderr } = await runCommand(command, args, {
    timeoutMs: stepTimeoutMs,
    ...(cwd === undefined ? {} : { cwd }),
  })
  if (code === 0) return
  const complaint =
    stderr
      .trim()
      .split('\n')
      .findLast((line) => /error/i.test(line)) ?? `exit code ${code}`
  throw new Unavailable(`cannot be fetched: ${complaint.trim().slice(0, 300)}`)
}
