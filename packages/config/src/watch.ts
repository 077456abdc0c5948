import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigSnapshot, ConfigStore } from './store.ts'
import { StoredConfigInvalid } from './store-errors.ts'

/** What keeps the watch from following the store. Reported once each time it begins, not at every poll. */
export interface ConfigWatchProblem {
  /** `restored`: the store had lost everything and got this watch's snapshot back. `went_back`: it lost its latest versions. */
  readonly kind: 'unavailable' | 'invalid' | 'empty' | 'restored' | 'went_back' | 'listener_failed'
  readonly message: string
  readonly cause?: unknown
}

export interface ConfigWatchOptions {
  readonly store: ConfigStore
  /** Between polls of one small key. Default 500: half of the second in which a change must be everywhere. */
  readonly everyMs?: number
  /** Names this process in the history when it writes its snapshot back. */
  readonly author?: string
  /** Called with each snapshot, the first included, one call after the other. */
  readonly onChange?: (snapshot: ConfigSnapshot) => void
  readonly onProblem: (problem: ConfigWatchProblem) => void
}

export interface ConfigWatch extends AsyncDisposable {
  /** The last good snapshot; null until there was one. */
  current(): ConfigSnapshot | null
  /** The first snapshot. Rejects when the watch is stopped before there was one. */
  readonly ready: Promise<ConfigSnapshot>
  stop(): Promise<void>
}

/** Follows the store. Whatever happens to it, the last good snapshot stays, and an emptied store gets it back. */
export function watchConfig(options: ConfigWatchOptions): ConfigWatch {
  const { store, onProblem, everyMs = 500, author = 'watch', onChange = () => undefined } = options
  const stopping = new AbortController()
  const first = Promise.withResolvers<ConfigSnapshot>()
  // Whoever does not wait for the first snapshot needs no unhandled rejection either.
  first.promise.catch(() => undefined)
  let snapshot: ConfigSnapshot | null = null
  let seenStamp: string | null = null
  let reported = ''

  const report = (kind: ConfigWatchProblem['kind'], message: string, cause?: unknown): void => {
    if (reported !== `${kind} ${message}`) onProblem({ kind, message, cause })
    reported = `${kind} ${message}`
  }

  const adopt = (next: ConfigSnapshot): void => {
    if (snapshot !== null && next.version < snapshot.version)
      onProblem({
        kind: 'went_back',
        message: `the store went back from version ${snapshot.version} to ${next.version}`,
      })
    snapshot = next
    first.resolve(next)
    try {
      onChange(next)
    } catch (cause) {
      onProblem({ kind: 'listener_failed', message: `version ${next.version} was not taken up`, cause })
    }
  }

  const refill = async (): Promise<void> => {
    if (snapshot === null) return report('empty', 'the store holds no configuration yet')
    const { version } = snapshot
    if (await store.restore(snapshot, author))
      onProblem({ kind: 'restored', message: `the store was empty; version ${version} was written back` })
  }

  const poll = async (): Promise<void> => {
    const stamp = await store.stamp()
    if (stamp === null) return refill()
    if (stamp !== seenStamp) {
      const loaded = await store.load()
      if (loaded === null) return refill()
      seenStamp = loaded.stamp
      // What this watch itself wrote back comes round with the content it already has.
      if (snapshot === null || !sameSnapshot(snapshot, loaded))
        adopt(Object.freeze({ version: loaded.version, document: loaded.document }))
    }
    reported = ''
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await poll()
      } catch (cause) {
        report(
          cause instanceof StoredConfigInvalid ? 'invalid' : 'unavailable',
          cause instanceof Error ? cause.message : String(cause),
          cause,
        )
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const running = run()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running
    first.reject(new Error('the watch was stopped before there was a configuration'))
  }
  return { current: () => snapshot, ready: first.promise, stop, [Symbol.asyncDispose]: stop }
}

function sameSnapshot(a: ConfigSnapshot, b: ConfigSnapshot): boolean {
  return a.version === b.version && JSON.stringify(a.document) === JSON.stringify(b.document)
}
