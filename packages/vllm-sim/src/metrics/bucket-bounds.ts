/** vLLM's bucket bounds (contract vllm.md 2.1). Seconds where not said otherwise. */
export interface BucketBounds {
  readonly firstToken: readonly number[]
  readonly tokenGap: readonly number[]
  readonly request: readonly number[]
  /** Tokens of one engine step. */
  readonly step: readonly number[]
  /** Tokens of one request. */
  readonly tokens: readonly number[]
  readonly samples: readonly number[]
}

const firstToken = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
const tokenGap = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
const request = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]
const step = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

/** `v0`: the engine of the 0.6 releases, whose bounds end earlier. */
export const bucketBounds = (modelLengthMax: number, v0: boolean): BucketBounds => ({
  firstToken: v0 ? firstToken.filter((bound) => bound <= 10) : firstToken,
  tokenGap: v0 ? tokenGap.filter((bound) => bound <= 2.5) : tokenGap,
  request,
  step: [...step, ...(v0 ? [8096] : [8192, 16_384])],
  tokens: decades(modelLengthMax),
  samples: [1, 2, 5, 10, 20],
})

/** 1, 2, 5, 10, 20, … up to a limit. */
const decades = (most: number): number[] => {
  const bounds: number[] = []
  for (let unit = 1; unit <= most; unit *= 10) bounds.push(unit, 2 * unit, 5 * unit)
  return bounds.filter((bound) => bound <= most)
}
