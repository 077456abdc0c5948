import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnGuarded } from './guarded-child.mjs'
import { carriedNode } from './project-node.mjs'

/** Failures that mean that the registry cannot be reached at all. Any other may be cured by asking it again for everything. */
const NO_NETWORK = /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH/

const stampPath = (root) => join(root, 'node_modules', '.penstock-stamp')

const lockHash = (root) =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

/** What the last install was for; null when there was none that ended well. */
const readStamp = (root) => {
  try {
    return JSON.parse(readFileSync(stampPath(root), 'utf8'))
  } catch {
    return null
  }
}

/** Records that `mode` is installed as the lock file says. */
export const writeStamp = (root, mode) => writeFileSync(stampPath(root), JSON.stringify({ lock: lockHash(root), mode }))

const isInstalled = (root, mode) => {
  const stamp = readStamp(root)
  const node = carriedNode(root)
  if (stamp?.lock !== lockHash(root) || (node !== null && !existsSync(node))) return false
  return stamp.mode === 'full' || stamp.mode === mode
}

/** Whether the tools for developers are there: an install without them would remove them. */
const hasDeveloperTools = (root) => {
  if (readStamp(root)?.mode === 'full') return true
  const { devDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.keys(devDependencies).some((name) => existsSync(join(root, 'node_modules', name)))
}

/** Runs a command to its end: its exit code and all it said. A command that cannot be started counts as failed. */
const run = (command, args, cwd) =>
  new Promise((resolve) => {
    let output = ''
    const child = spawnGuarded(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
    child.on('error', (error) => resolve({ code: 127, output: `${error.message}\n` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })

/** The npm that runs this script, else the one on PATH. */
const npm = (args, cwd) => {
  const running = process.env.npm_execpath
  return running?.endsWith('.js') ? run(process.execPath, [running, ...args], cwd) : run('npm', args, cwd)
}

/** `npm install`, as `npm ci` refuses a lock file made where the registry serves builds for one platform only. */
const installArgs = (mode) => [
  'install',
  '--no-save',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  // No package needs a script of its own to work, so none gets to run one.
  '--ignore-scripts',
  '--include=optional',
  mode === 'full' ? '--include=dev' : '--omit=dev',
]

/** Holds a lock that ends with this process; without `flock` on the machine there is none. Resolves to its release. */
const lock = (root) =>
  new Promise((resolve) => {
    mkdirSync(join(root, '.tools'), { recursive: true })
    const holder = spawn('flock', [join(root, '.tools', 'install.lock'), 'sh', '-c', 'echo held; read -r line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const release = () => holder.stdin.end('\n')
    holder.stdin.on('error', () => holder.stdin.destroy())
    holder.stdout.once('data', () => resolve(release))
    holder.once('error', () => resolve(() => undefined))
    holder.once('exit', () => resolve(() => undefined))
  })

const install = async (root, wanted, say) => {
  const mode = wanted === 'full' || hasDeveloperTools(root) ? 'full' : 'runtime'
  say(`installing packages${mode === 'full' ? ' and developer tools' : ''} (first run, or package-lock.json changed)`)
  // What is cached needs no network. With npm's own retries it takes minutes to see that there is none.
  let result = await npm([...installArgs(mode), '--prefer-offline', '--fetch-retries=0'], root)
  if (result.code !== 0 && !NO_NETWORK.test(result.output))
    result = await npm([...installArgs(mode), '--prefer-online'], root)
  if (result.code !== 0) {
    process.stderr.write(result.output)
    throw new Error(
      'npm could not install the packages (its reasons above): check that the npm registry can be reached, then run again',
    )
  }
  writeStamp(root, mode)
}

/**
 * Sees to it that the packages of `mode` (`runtime` or `full`) are installed as package-lock.json says; the lock file is never changed, and
 * a full install never reduced. Throws one line that says what to do.
 */
export const ensurePackages = async (root, mode, say) => {
  if (isInstalled(root, mode)) return
  const release = await lock(root)
  try {
    if (!isInstalled(root, mode)) await install(root, mode, say)
  } finally {
    release()
  }
}
