import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { ConfigDocument } from './document.ts'
import { ConfigStoreUnavailable, StoredConfigInvalid } from './store-errors.ts'
import { applyScript, historyLengthMax, loadScript, restoreScript } from './store-scripts.ts'
import { type ConfigProblem, validateDocument } from './validate.ts'

/** A version of the document, deeply frozen. */
export interface ConfigSnapshot {
  /** Counts from 1. */
  readonly version: number
  readonly document: ConfigDocument
}

export interface ConfigHistoryEntry {
  readonly version: number
  /** Epoch ms, clock of the process that wrote it. */
  readonly at: number
  readonly author: string
  readonly note: string
}

export interface ApplyOptions {
  readonly author: string
  readonly note?: string
  /** Refuses when the store is at another version; 0 means that it must be empty. */
  readonly expectedVersion?: number
}

export type Applied =
  | { readonly kind: 'applied'; readonly version: number }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] }
  | { readonly kind: 'conflict'; readonly currentVersion: number }

type ConfigRedis = Redis & {
  penstockConfigApply(...args: (string | number)[]): Promise<[applied: number, version: number]>
  penstockConfigLoad(...args: string[]): Promise<[stamp: string, text: string | null] | null>
  penstockConfigRestore(...args: (string | number)[]): Promise<number>
}

/**
 * The document in Redis, with its last 100 versions. What is read is checked like what is written: a document that someone
 * changed by hand, or that an older release wrote, is refused. Methods throw `ConfigStoreUnavailable` when Redis is away and
 * `StoredConfigInvalid` when what it holds is refused.
 */
export class ConfigStore {
  readonly #redis: ConfigRedis
  readonly #now: () => number
  /** `<version>:<digest>` of the current document: a cheap read that changes with every change. */
  readonly #stampKey: string
  readonly #documentsKey: string
  readonly #entriesKey: string

  /** `redis` stays the caller's to close; see `connectConfigRedis`. Keys start with `keyPrefix`, default `penstock`. */
  constructor(
    options: { readonly keyPrefix?: string },
    dependencies: { readonly redis: Redis; readonly now?: () => number },
  ) {
    const prefix = `${options.keyPrefix ?? 'penstock'}:{config}`
    this.#stampKey = `${prefix}:stamp`
    this.#documentsKey = `${prefix}:documents`
    this.#entriesKey = `${prefix}:entries`
    this.#now = dependencies.now ?? Date.now
    const { redis } = dependencies
    redis.defineCommand('penstockConfigApply', { numberOfKeys: 3, lua: applyScript })
    redis.defineCommand('penstockConfigLoad', { numberOfKeys: 2, lua: loadScript, readOnly: true })
    redis.defineCommand('penstockConfigRestore', { numberOfKeys: 3, lua: restoreScript })
    this.#redis = redis as ConfigRedis
  }

  /** Changes whenever the current document does; null when the store is empty. */
  async stamp(): Promise<string | null> {
    return asking(() => this.#redis.get(this.#stampKey))
  }

  /** The current version, or null when the store is empty. */
  async load(): Promise<(ConfigSnapshot & { readonly stamp: string }) | null> {
    const found = await asking(() => this.#redis.penstockConfigLoad(this.#stampKey, this.#documentsKey))
    if (found === null) return null
    const [stamp, text] = found
    const version = versionOf(stamp)
    if (text === null) throw new StoredConfigInvalid(version, [{ path: [], message: 'its document is missing' }])
    if (stampOf(version, text) !== stamp)
      throw new StoredConfigInvalid(version, [{ path: [], message: 'its document was changed outside of the store' }])
    return { stamp, version, document: readDocument(version, text) }
  }

  /** Stores a document as the next version, all or nothing. */
  async apply(document: unknown, options: ApplyOptions): Promise<Applied> {
    const validation = validateDocument(document)
    if (!validation.ok) return { kind: 'invalid', problems: validation.problems }
    const text = JSON.stringify(validation.document)
    const entry = { at: this.#now(), author: options.author, note: options.note ?? '' }
    const [applied, version] = await asking(() =>
      this.#redis.penstockConfigApply(
        this.#stampKey,
        this.#documentsKey,
        this.#entriesKey,
        options.expectedVersion ?? '',
        text,
        JSON.stringify(entry),
        digestOf(text),
        historyLengthMax,
      ),
    )
    return applied === 1 ? { kind: 'applied', version } : { kind: 'conflict', currentVersion: version }
  }

  /** The last 100 versions, newest first. */
  async history(): Promise<ConfigHistoryEntry[]> {
    const entries = await asking(() => this.#redis.hgetall(this.#entriesKey))
    return Object.entries(entries)
      .map(([version, text]) => readEntry(Number(version), text))
      .toSorted((a, b) => b.version - a.version)
  }

  /** One version, or null when the history does not hold it. */
  async get(version: number): Promise<(ConfigSnapshot & ConfigHistoryEntry) | null> {
    const [text, entry] = await asking(() =>
      Promise.all([
        this.#redis.hget(this.#documentsKey, String(version)),
        this.#redis.hget(this.#entriesKey, String(version)),
      ]),
    )
    if (text === null || entry === null) return null
    return { ...readEntry(version, entry), document: readDocument(version, text) }
  }

  /** Stores the content of an earlier version as a new one. */
  async rollback(version: number, author: string): Promise<Applied | { readonly kind: 'unknown_version' }> {
    const earlier = await this.get(version)
    if (earlier === null) return { kind: 'unknown_version' }
    return this.apply(earlier.document, { author, note: `rollback to version ${version}` })
  }

  /** Writes a snapshot back under its own number, if the store is empty; says whether it was. */
  async restore(snapshot: ConfigSnapshot, author: string): Promise<boolean> {
    const text = JSON.stringify(snapshot.document)
    const entry = { at: this.#now(), author, note: 'restored: the store was empty' }
    const restored = await asking(() =>
      this.#redis.penstockConfigRestore(
        this.#stampKey,
        this.#documentsKey,
        this.#entriesKey,
        snapshot.version,
        text,
        JSON.stringify(entry),
        stampOf(snapshot.version, text),
      ),
    )
    return restored === 1
  }
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (cause) {
    throw new ConfigStoreUnavailable(cause)
  }
}

/** The stored text is the validated document, so parsing it again must give it back. */
function readDocument(version: number, text: string): ConfigDocument {
  const validation = validateDocument(readJson(version, text))
  if (!validation.ok) throw new StoredConfigInvalid(version, validation.problems)
  return deepFreeze(validation.document)
}

function readEntry(version: number, text: string): ConfigHistoryEntry {
  const entry = readJson(version, text) as Omit<ConfigHistoryEntry, 'version'>
  return { version, at: Number(entry.at), author: String(entry.author), note: String(entry.note) }
}

function readJson(version: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StoredConfigInvalid(version, [{ path: [], message: 'it is not JSON' }], cause)
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
const stampOf = (version: number, text: string): string => `${version}:${digestOf(text)}`
const versionOf = (stamp: string): number => Number(stamp.split(':')[0])

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
