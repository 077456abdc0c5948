import { featureSettings } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { featureByName } from '@penstock/features'
import type { Intake } from './core/intake.ts'

/** What a request may take, ms from when it came. */
export interface TimeLimits {
  readonly firstByteMs: number
  readonly totalMs: number
  readonly queueMs: number
}

/** The configuration's limits, else the feature's own. The first byte of an answer in one piece comes at its end. */
export const timeLimitsOf = (
  { feature, whole }: Pick<Intake, 'feature' | 'whole'>,
  snapshot: Pick<ConfigSnapshot, 'document'> | null,
): TimeLimits => {
  const defaults = featureByName(feature)?.defaults
  if (defaults === undefined) throw new Error(`no feature is named ${feature}`)
  const settings = snapshot === null ? undefined : featureSettings(snapshot.document, feature)
  const firstByteMs = settings?.firstByteMs ?? defaults.firstByteMs
  const totalMs = settings?.totalMs ?? defaults.totalMs
  return {
    firstByteMs,
    totalMs: whole ? Math.min(totalMs, defaults.wholeMs ?? firstByteMs) : totalMs,
    queueMs: settings?.queueMs ?? defaults.queueMs ?? firstByteMs,
  }
}
