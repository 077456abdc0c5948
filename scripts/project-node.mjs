import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Platforms whose Node comes as a package. */
const CARRIED = new Set(['linux-x64', 'linux-arm64'])

/** First version that runs the project's TypeScript as it stands. */
const OLDEST = [24, 12]

const platform = `${process.platform}-${process.arch}`

/** Where npm puts the Node that the project carries; null on a platform it carries none for. */
export const carriedNode = (root) =>
  CARRIED.has(platform) ? join(root, 'node_modules', `node-${platform}`, 'bin', 'node') : null

/** The Node that runs everything after this script. Throws one line that says what to do when there is none. */
export const projectNode = (root) => {
  const carried = carriedNode(root)
  if (carried !== null) {
    if (existsSync(carried)) return carried
    throw new Error(
      `npm did not install the package node-${platform}: switch optional dependencies on (npm config get omit), then run again`,
    )
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return process.execPath
  throw new Error(
    `no Node comes with the project for ${platform}, and this one is ${process.version}: install Node ${OLDEST.join('.')} or later`,
  )
}
