import { ZodError } from 'zod'
import type { Clock } from './clock.ts'
import type { Engine, EngineObserver } from './engine.ts'
import { blockTokens } from './engine.ts'
import { BatchingEngine } from './engine/batching-engine.ts'
import type { BatchingOptions } from './engine/batching-engine.ts'
import { defaultFrontEndCost } from './engine/front-end.ts'
import { performanceProfile } from './engine/performance-profiles.ts'
import { changedSettings, defaultSettings } from './node-settings.ts'
import type { NodeSettings } from './node-settings.ts'
import { TimingEngine } from './timing-engine.ts'

/** The hardware a node pretends to have. A front end and jitter are on unless said otherwise: they are part of a real node. */
export interface PerformanceOptions extends Omit<BatchingOptions, 'profile' | 'policy' | 'sequencesMax' | 'kvBlocks'> {
  /** Such as `llama-3.1-8b@h100`: see `performanceProfile`. */
  readonly profile: string
}

/** The engine of a node, and what its settings are with it. */
export interface NodeEngine {
  readonly engine: Engine
  /** What the API server needs for a streamed token. */
  readonly streamedTokenMs: number
  readonly settings: NodeSettings
  /** The settings with a change applied, in force from here on. Throws ZodError for what is out of range, unknown or fixed. */
  readonly change: (settings: NodeSettings, change: unknown) => NodeSettings
}

interface NodeEngineDependencies {
  readonly clock: Clock
  /** How many seconds of the clock pass in one. */
  readonly speed?: number
  readonly observer?: EngineObserver | undefined
}

/** Step times of real hardware spread about so much. Contract §4.1. */
const jitterSigma = 0.03

/**
 * Without `performance`: fixed times to the first token and between tokens. With it: what vLLM would do on that hardware; batch size, KV
 * cache and context length are then the hardware's unless `start` says otherwise. Throws an error that names what does not fit.
 */
export const createNodeEngine = (
  start: Partial<NodeSettings>,
  performance: PerformanceOptions | undefined,
  dependencies: NodeEngineDependencies,
): NodeEngine =>
  performance === undefined ? timingEngine(start, dependencies) : batchingEngine(start, performance, dependencies)

const timingEngine = (start: Partial<NodeSettings>, dependencies: NodeEngineDependencies): NodeEngine => {
  const settings = changedSettings(defaultSettings, start)
  const { clock, observer } = dependencies
  const engine = new TimingEngine(settings, { clock, ...(observer && { observer }) })
  const change = (current: NodeSettings, wanted: unknown): NodeSettings => {
    const changed = changedSettings(current, wanted)
    engine.configure(changed)
    return changed
  }
  return { engine, streamedTokenMs: 0, settings, change }
}

/** Settings that mean nothing to modelled hardware, and those that it cannot change while it runs. */
const meaningless = ['ttftMs', 'itlMs'] as const
const fixed = [...meaningless, 'sequencesMax', 'kvCacheTokens', 'schedulingPolicy'] as const

const batchingEngine = (
  start: Partial<NodeSettings>,
  performance: PerformanceOptions,
  dependencies: NodeEngineDependencies,
): NodeEngine => {
  for (const name of meaningless)
    if (start[name] !== undefined) throw settingError(name, `has no meaning on ${performance.profile}`)
  const profile = performanceProfile(performance.profile)
  const kvCacheTokens = start.kvCacheTokens ?? (profile.kvBlocks - 1) * blockTokens
  const settings = changedSettings(defaultSettings, {
    ...start,
    sequencesMax: start.sequencesMax ?? profile.sequencesMax,
    kvCacheTokens,
    modelLengthMax: start.modelLengthMax ?? Math.min(defaultSettings.modelLengthMax, kvCacheTokens),
  })
  const frontEnd = performance.frontEnd ?? defaultFrontEndCost
  const engine = new BatchingEngine(
    {
      jitterSigma,
      ...performance,
      frontEnd,
      profile,
      policy: settings.schedulingPolicy,
      sequencesMax: settings.sequencesMax,
      kvBlocks: Math.ceil(kvCacheTokens / blockTokens) + 1,
    },
    dependencies,
  )
  const refuseLength = (length: number): void => {
    if (length > kvCacheTokens)
      throw settingError('modelLengthMax', `is ${length}, but the KV cache holds ${kvCacheTokens} tokens`)
  }
  refuseLength(settings.modelLengthMax)
  const change = (current: NodeSettings, wanted: unknown): NodeSettings => {
    const changed = changedSettings(current, wanted)
    for (const name of fixed)
      if (changed[name] !== current[name]) throw settingError(name, 'is fixed by the performance profile')
    refuseLength(changed.modelLengthMax)
    return changed
  }
  // On a faster clock timers are coarser than what a token takes.
  const streamedTokenMs = (dependencies.speed ?? 1) > 1 ? 0 : frontEnd.streamedTokenMs
  return { engine, streamedTokenMs, settings, change }
}

const settingError = (name: keyof NodeSettings, message: string): ZodError =>
  new ZodError([{ code: 'custom', path: [name], message, input: undefined }])
