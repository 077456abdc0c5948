import { readdir } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { unpackDebianPackages } from './debian-packages.ts'
import { withFileLock } from './file-lock.ts'
import { runCommand } from './run-command.ts'

/** A program and what it needs in its environment besides the launcher's. */
export interface ServerProgram {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

export interface Servers {
  readonly natsServer: ServerProgram
  readonly redisServer: ServerProgram
}

export interface EnsureServersOptions {
  /** Downloads go to `.tools` in it. */
  readonly projectRoot: string
  /** Folders searched first. Default: PATH, and the folders of system programs that users lack in it. */
  readonly searchPath?: readonly string[]
  /** One sentence for people before something that takes seconds. */
  readonly onProgress?: (sentence: string) => void
}

/** What a bare Debian lacks to run both servers. The binary of redis-server is in redis-tools. */
const packages = ['nats-server', 'redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

const systemFolders = ['/usr/sbin', '/usr/local/sbin']
const versionTimeoutMs = 5000

const machineSearchPath = (): string[] => [
  ...new Set([
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)),
    ...systemFolders,
  ]),
]

const answers = async ({ path, env }: ServerProgram): Promise<boolean> => {
  const { code } = await runCommand(path, ['--version'], {
    env: { ...process.env, ...env },
    timeoutMs: versionTimeoutMs,
  })
  return code === 0
}

/** The first of these programs that runs. */
const firstThatAnswers = async (candidates: ServerProgram[]): Promise<ServerProgram | null> => {
  for (const candidate of candidates) if (await answers(candidate)) return candidate
  return null
}

const find = async (
  searchPath: readonly string[],
  root: string,
): Promise<{ nats: ServerProgram | null; redis: ServerProgram | null }> => {
  const onMachine = (name: string): ServerProgram[] =>
    searchPath.map((folder) => ({ path: join(folder, name), env: {} }))
  const [nats, redis] = await Promise.all([
    firstThatAnswers([...onMachine('nats-server'), { path: join(root, 'usr/sbin/nats-server'), env: {} }]),
    firstThatAnswers([
      ...onMachine('redis-server'),
      { path: join(root, 'usr/bin/redis-server'), env: await libraryPath(root) },
    ]),
  ])
  return { nats, redis }
}

/** Where the libraries lie that were unpacked with Redis; nats-server needs none. */
const libraryPath = async (root: string): Promise<Record<string, string>> => {
  const libraries = join(root, 'usr/lib')
  // Nothing is there before the first download.
  const triplet = (await readdir(libraries).catch(() => [])).find((name) => name.includes('-linux-gnu'))
  if (triplet === undefined) return {}
  return {
    LD_LIBRARY_PATH: [join(libraries, triplet), process.env['LD_LIBRARY_PATH'] ?? ''].filter(Boolean).join(delimiter),
  }
}

/**
 * Finds `nats-server` and `redis-server` on this machine, else downloads them as Debian packages into the project, once for all processes
 * that ask at the same time. Both were run with `--version`. Throws one line that says what to do.
 */
export const ensureServers = async (options: EnsureServersOptions): Promise<Servers> => {
  const searchPath = options.searchPath ?? machineSearchPath()
  const tools = join(options.projectRoot, '.tools')
  const root = join(tools, 'debian')
  const search = async (): Promise<Servers | string[]> => {
    const { nats, redis } = await find(searchPath, root)
    if (nats !== null && redis !== null) return { natsServer: nats, redisServer: redis }
    return [...(nats === null ? ['nats-server'] : []), ...(redis === null ? ['redis-server'] : [])]
  }

  const found = await search()
  if (!Array.isArray(found)) return found
  const missing = found.join(' and ')
  try {
    return await withFileLock(join(tools, 'lock'), async () => {
      const foundMeanwhile = await search()
      if (!Array.isArray(foundMeanwhile)) return foundMeanwhile
      options.onProgress?.(`fetching ${missing} as Debian packages into .tools (5 MB)`)
      await unpackDebianPackages(root, packages)
      const unpacked = await search()
      if (Array.isArray(unpacked)) throw new Error(`the downloaded ${unpacked.join(' and ')} cannot run here`)
      return unpacked
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `${missing} not found on this machine and not downloadable (${reason}): install the packages nats-server and redis-server, or set NATS_URL and REDIS_URL to servers that run`,
      { cause: error },
    )
  }
}
