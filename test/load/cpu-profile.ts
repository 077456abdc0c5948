import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The parts of V8's `.cpuprofile` that are read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** Before each sample, µs. */
  readonly timeDeltas: readonly number[]
}

export interface SelfTime {
  /** A function with its place, or an area of the code. */
  readonly what: string
  readonly ms: number
  /** Of the time that was not idle. */
  readonly percent: number
}

export interface ProfileSummary {
  readonly busyMs: number
  readonly functions: SelfTime[]
  readonly areas: SelfTime[]
}

/** Adds up the time in each function itself, and in each package or area, most first. */
export const summarizeProfile = ({ nodes, samples, timeDeltas }: CpuProfile, functionsMax: number): ProfileSummary => {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const byFunction = new Map<string, number>()
  const byArea = new Map<string, number>()
  let busyMs = 0
  samples.forEach((id, index) => {
    const frame = frames.get(id)
    if (frame === undefined || frame.functionName === '(idle)') return
    const ms = (timeDeltas[index] ?? 0) / 1000
    const name = frame.functionName || '(anonymous)'
    const what = frame.url === '' ? name : `${name} ${shortUrl(frame.url)}:${frame.lineNumber + 1}`
    const area = areaOf(frame.url, name)
    busyMs += ms
    byFunction.set(what, (byFunction.get(what) ?? 0) + ms)
    byArea.set(area, (byArea.get(area) ?? 0) + ms)
  })
  const ranked = (times: Map<string, number>): SelfTime[] =>
    [...times]
      .map(([what, ms]) => ({ what, ms, percent: busyMs === 0 ? 0 : (ms / busyMs) * 100 }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, functionsMax)
  return { busyMs, functions: ranked(byFunction), areas: ranked(byArea) }
}

const shortUrl = (url: string): string =>
  url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules\/|packages\/|services\/|test\/)/, '$1')

/** The package of a file, `node` for Node itself, or the name of what has no file: garbage collection, native code. */
const areaOf = (url: string, name: string): string => {
  if (url === '') return name.startsWith('(') ? name : '(native)'
  if (url.startsWith('node:')) return 'node'
  const [, scope] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return scope ?? /(packages|services|test)\/[^/]+/.exec(url)?.[0] ?? url
}

/** Reads the profiles that processes left in a folder, by pid. Only main threads. */
export const readProfiles = async (dir: string): Promise<Map<number, CpuProfile>> => {
  const profiles = new Map<number, CpuProfile>()
  for (const name of await readdir(dir)) {
    const pid = /^CPU\.\d+\.\d+\.(\d+)\.0\.\d+\.cpuprofile$/.exec(name)?.[1]
    if (pid !== undefined) profiles.set(Number(pid), JSON.parse(await readFile(join(dir, name), 'utf8')) as CpuProfile)
  }
  return profiles
}

export const describeProfile = (name: string, { busyMs, functions, areas }: ProfileSummary): string => {
  const lines = (times: SelfTime[]): string[] =>
    times.map(
      ({ what, ms, percent }) => `  ${percent.toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${what}`,
    )
  return [`${name}: busy ${busyMs.toFixed(0)} ms`, ...lines(areas), ' functions:', ...lines(functions)].join('\n')
}
