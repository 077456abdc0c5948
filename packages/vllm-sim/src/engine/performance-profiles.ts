import { blockTokens } from '../engine.ts'
import type { StepTimeParameters } from './step-time.ts'

/** How well founded a profile is: measured on this very pair · constants measured on this GPU · extrapolated, ±40 %. */
export type ProfileGrade = 'A' | 'B' | 'C'

/** A model on a set of GPUs: how long steps take, and what vLLM would choose by default there. */
export interface PerformanceProfile extends StepTimeParameters {
  /** `model@gpu`, `model@gpuxN` for N GPUs, and variants behind `:`. */
  readonly name: string
  readonly gpus: number
  /** 16-token KV blocks at a memory utilisation of 0.92. */
  readonly kvBlocks: number
  /** KV cache of one token on all GPUs together, bytes. */
  readonly kvBytesPerToken: number
  /** Weights on all GPUs together, bytes. */
  readonly weightBytes: number
  readonly tokensPerStepMax: number
  readonly sequencesMax: number
  readonly grade: ProfileGrade
}

interface ModelFacts {
  readonly kvBytesPerToken: number
  /** BF16, input embeddings included. */
  readonly weightBytes: number
  readonly mixtureOfExperts?: true
}

/** KV bytes: contract §4.2. Weights: published parameter counts × 2. */
const models: Readonly<Record<string, ModelFacts>> = {
  'mistral-7b': { kvBytesPerToken: 131_072, weightBytes: 14.5e9 },
  'llama-3.1-8b': { kvBytesPerToken: 131_072, weightBytes: 16.1e9 },
  'qwen2.5-coder-7b': { kvBytesPerToken: 57_344, weightBytes: 15.2e9 },
  'codestral-22b': { kvBytesPerToken: 229_376, weightBytes: 44.5e9 },
  'qwen2.5-coder-32b': { kvBytesPerToken: 262_144, weightBytes: 65.5e9 },
  'mixtral-8x7b': { kvBytesPerToken: 131_072, weightBytes: 93.4e9, mixtureOfExperts: true },
  'llama-3.3-70b': { kvBytesPerToken: 327_680, weightBytes: 141.1e9 },
}

/** vLLM's defaults for an OpenAI server: large GPUs except the A100, and the others. */
const largeGpu = { tokensPerStepMax: 8192, sequencesMax: 1024 }
const smallGpu = { tokensPerStepMax: 2048, sequencesMax: 256 }
const gpuDefaults = { h100: largeGpu, a100: smallGpu, l40s: smallGpu }

type Row = readonly [
  gpu: keyof typeof gpuDefaults,
  gpus: number,
  weightsMs: number,
  linearUsPerToken: number,
  contextNsPerToken: number,
  attentionNsPerSquaredToken: number,
  overheadMs: number,
  allReduceUsPerToken: number,
  kvBlocks: number,
  grade: ProfileGrade,
]

/** BF16 weights and KV: contract §4.2. */
const table: Readonly<Record<string, readonly Row[]>> = {
  'mistral-7b': [
    ['h100', 1, 5.31, 22.8, 44, 0.44, 0.8, 0, 27_700, 'B'],
    ['a100', 1, 8.94, 70.1, 75.6, 1.53, 0.8, 0, 27_500, 'B'],
    ['l40s', 1, 19.1, 78.6, 178, 1.45, 0.8, 0, 12_400, 'C'],
  ],
  'llama-3.1-8b': [
    ['h100', 1, 5.6, 24.1, 44, 0.44, 0.8, 0, 26_900, 'A'],
    ['a100', 1, 9.43, 74, 75.6, 1.53, 0.8, 0, 26_800, 'A'],
    ['l40s', 1, 20.2, 82.9, 178, 1.45, 0.8, 0, 11_700, 'C'],
  ],
  'qwen2.5-coder-7b': [
    ['h100', 1, 5.28, 22.7, 19.2, 0.34, 0.8, 0, 62_500, 'B'],
    ['a100', 1, 8.89, 69.7, 33.1, 1.17, 0.8, 0, 62_000, 'B'],
    ['l40s', 1, 19, 78.1, 78.1, 1.11, 0.8, 0, 27_600, 'C'],
  ],
  'codestral-22b': [
    ['h100', 1, 16.5, 70.7, 76.9, 1.16, 0.8, 0, 7650, 'B'],
    ['a100', 1, 27.7, 217, 132, 4.01, 0.8, 0, 7540, 'B'],
    ['l40s', 2, 29.7, 122, 156, 1.9, 4.4, 115, 9720, 'C'],
  ],
  'qwen2.5-coder-32b': [
    ['h100', 1, 23.9, 103, 87.9, 1.1, 0.8, 0, 1680, 'B'],
    ['h100', 2, 11.9, 51.3, 44, 0.55, 2.3, 5.2, 18_750, 'B'],
    ['a100', 2, 20.1, 158, 75.6, 1.91, 2.3, 7.3, 18_560, 'B'],
    ['l40s', 4, 21.5, 88.3, 89.2, 0.91, 4.8, 164, 22_600, 'C'],
  ],
  'mixtral-8x7b': [
    ['h100', 2, 17.4, 20.5, 22, 0.22, 1.6, 2.1, 21_650, 'B'],
    ['a100', 2, 29.4, 62.9, 37.8, 0.76, 1.6, 2.9, 21_270, 'B'],
    ['l40s', 4, 31.4, 35.2, 44.6, 0.36, 2.9, 65.5, 29_900, 'C'],
  ],
  'llama-3.3-70b': [
    ['h100', 4, 13, 55.7, 27.5, 0.55, 2.6, 15.7, 28_100, 'B'],
    ['a100', 4, 21.9, 171, 47.3, 1.91, 2.6, 21.9, 27_800, 'B'],
    ['l40s', 8, 23.4, 96, 55.8, 0.91, 5.8, 382, 34_300, 'C'],
  ],
}

const rowProfile = (model: string, row: Row): PerformanceProfile => {
  const [gpu, gpus, weightsMs, linearUsPerToken, contextNsPerToken, squared, overheadMs, allReduce, kvBlocks, grade] =
    row
  const { kvBytesPerToken, weightBytes, mixtureOfExperts = false } = models[model] as ModelFacts
  return {
    name: `${model}@${gpu}${gpus === 1 ? '' : `x${gpus}`}`,
    gpus,
    weightsMs,
    linearUsPerToken,
    contextNsPerToken,
    attentionNsPerSquaredToken: squared,
    overheadMs,
    allReduceUsPerToken: allReduce,
    mixtureOfExperts,
    kvBlocks,
    kvBytesPerToken,
    weightBytes,
    ...gpuDefaults[gpu],
    grade,
  }
}

/** Every model × GPU set there are constants for, with BF16 weights and KV. */
export const performanceProfiles: readonly PerformanceProfile[] = Object.entries(table).flatMap(([model, rows]) =>
  rows.map((row) => rowProfile(model, row)),
)

type Variant = (profile: PerformanceProfile) => PerformanceProfile

/** Lighter weights read and computed faster, and what they free becomes KV cache. */
const lighterWeights =
  (read: number, compute: number, bytes: number): Variant =>
  (profile) => ({
    ...profile,
    weightsMs: profile.weightsMs * read,
    linearUsPerToken: profile.linearUsPerToken * compute,
    weightBytes: profile.weightBytes * bytes,
    kvBlocks:
      profile.kvBlocks + Math.floor((profile.weightBytes * (1 - bytes)) / (profile.kvBytesPerToken * blockTokens)),
  })

/** Factors: contract §4.1 and §4.2; the memory of INT4 weights (0.3, scales included) is our estimate. */
const variants: Readonly<Record<string, Variant>> = {
  fp8: lighterWeights(0.52, 0.6, 0.5),
  int4: lighterWeights(0.33, 1.1, 0.3),
  fp8kv: (profile) => ({
    ...profile,
    contextNsPerToken: profile.contextNsPerToken * 0.55,
    kvBytesPerToken: profile.kvBytesPerToken / 2,
    kvBlocks: profile.kvBlocks * 2,
  }),
  /** Engines up to 0.8, and later ones without async scheduling. */
  v0: (profile) => ({ ...profile, overheadMs: profile.overheadMs + (profile.gpus === 1 ? 1.3 : 3) }),
  /** Published Mixtral prefill is slower than the model's. */
  cautious: (profile) => ({
    ...profile,
    linearUsPerToken: profile.linearUsPerToken * (profile.mixtureOfExperts ? 1.4 : 1),
  }),
}

/**
 * The profile of a name like `llama-3.1-8b@h100`, `mixtral-8x7b@a100x2` or, with variants, `qwen2.5-coder-32b@h100x2:fp8+fp8kv`. Variants:
 * `fp8` (weights; not on A100), `int4`, `fp8kv`, `v0` (engine up to 0.8), `cautious` (slower MoE prefill). Throws an error that lists what
 * exists.
 */
export const performanceProfile = (name: string): PerformanceProfile => {
  const [base = '', suffix] = name.toLowerCase().split(':', 2)
  const found = performanceProfiles.find((profile) => profile.name === base.replace(/x1$/, ''))
  if (found === undefined)
    throw new Error(
      `no performance profile "${base}"; there are: ${performanceProfiles.map((profile) => profile.name).join(', ')}`,
    )
  const wanted = suffix?.split('+') ?? []
  const profile = wanted.reduce((varied, variant) => {
    const vary = Object.hasOwn(variants, variant) ? variants[variant] : undefined
    if (vary === undefined)
      throw new Error(`no variant "${variant}" of ${base}; there are: ${Object.keys(variants).join(', ')}`)
    if (variant === 'fp8' && base.includes('@a100'))
      throw new Error('an A100 has no FP8: variant "fp8" needs h100 or l40s')
    return vary(varied)
  }, found)
  return { ...profile, name: suffix === undefined ? found.name : `${found.name}:${suffix}` }
}
