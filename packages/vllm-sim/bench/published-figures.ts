import { performanceProfile } from '../src/index.ts'
import type { PerformanceProfile } from '../src/index.ts'
import { playClosedLoop } from './closed-loop.ts'
import type { ClosedLoop, ClosedLoopResult } from './closed-loop.ts'

/** A figure somebody measured on real vLLM and published, and the same on the engine. */
export interface PublishedFigure {
  readonly source: string
  readonly setup: string
  readonly name: string
  readonly published: number
  readonly modelled: number
}

const played = new Map<string, ClosedLoopResult>()
const play = (
  profile: string | PerformanceProfile,
  promptTokens: number,
  outputTokens: number,
  clients = 1,
  requestsPerClient = 1,
): ClosedLoopResult => {
  const loop: ClosedLoop = { profile, promptTokens, outputTokens, clients, requestsPerClient }
  const key = JSON.stringify(loop)
  const result = played.get(key) ?? playClosedLoop(loop)
  played.set(key, result)
  return result
}

const h100 = 'llama-3.1-8b@h100'
const a100 = performanceProfile('llama-3.1-8b@a100')
/** The 40 GB card has 1.555 TB/s where the 80 GB one has 2.039, and room for about a third of the blocks (estimate). */
const a100Small: PerformanceProfile = {
  ...a100,
  name: 'llama-3.1-8b@a100-40gb',
  weightsMs: (a100.weightsMs * 2.039) / 1.555,
  contextNsPerToken: (a100.contextNsPerToken * 2.039) / 1.555,
  kvBlocks: 8000,
}

/** Time per output token in a context of so many tokens, one client. */
const decodeMs = (context: number): number => play(h100, context, 20).gapMedianMs

/** Sources: contract §4.3. Left out is what cannot be played: setups without lengths, models without a profile, shapes only. */
export const publishedFigures = (): PublishedFigure[] => {
  const blog = 'vLLM blog, 22 Apr 2026 (0.19.1)'
  const autoscaler = 'llm-d workload-variant-autoscaler'
  const ci = 'vLLM CI performance pages, late 2024 (V0)'
  const musgrave = 'J. Musgrave (0.23)'
  const long = play(h100, 20_000, 2000, 8, 3)
  const short = play(h100, 128, 128, 64, 6)
  const perToken = (decodeMs(65_536) - decodeMs(1024)) / (65_536 - 1024)
  const [one, eight] = [1, 8].map((clients) => play(a100Small, 1024, 128, clients, 10).outputTokensPerSecond)
  const batch = (profile: string, published: number): PublishedFigure => ({
    source: ci,
    setup: `${profile}, 8 at once, 32 → 128`,
    name: 'end to end, ms',
    published,
    modelled: play(`${profile}:v0`, 32, 128, 8).latencyMeanMs,
  })
  const ttft = (context: number, published: number): PublishedFigure => ({
    source: blog,
    setup: `${h100}, 1 client, ${context / 1024}k prompt`,
    name: 'TTFT, ms',
    published,
    modelled: play(h100, context, 20).ttftMeanMs,
  })
  const decode = { source: blog, setup: `${h100}, 1 client` }
  const busy = { source: blog, setup: `${h100}, 8 clients, 20,000 → 2000` }
  const brief = { source: autoscaler, setup: `${h100}, 64 clients, 128 → 128` }
  return [
    { ...decode, name: 'ITL without context, ms', published: 6.44, modelled: decodeMs(1024) - 1024 * perToken },
    { ...decode, name: 'ITL per 1000 tokens of context, ms', published: 0.0437, modelled: perToken * 1000 },
    ttft(32_768, 1300),
    ttft(65_536, 3550),
    ttft(131_072, 10_100),
    { ...busy, name: 'ITL, ms', published: 15.2, modelled: long.tpotMeanMs },
    { ...busy, name: 'median TTFT, ms', published: 764, modelled: long.ttftMedianMs },
    { ...busy, name: 'output tokens/s', published: 450, modelled: long.outputTokensPerSecond },
    {
      source: autoscaler,
      setup: `${h100}, 1 client, 128 → 128`,
      name: 'ITL, ms',
      published: 7,
      modelled: play(h100, 128, 128).tpotMeanMs,
    },
    { ...brief, name: 'ITL, ms', published: 8.7, modelled: short.tpotMeanMs },
    { ...brief, name: 'output tokens/s', published: 7251, modelled: short.outputTokensPerSecond },
    batch('llama-3.1-8b@h100', 998),
    batch('llama-3.3-70b@h100x4', 2444),
    batch('mixtral-8x7b@h100x2', 2327),
    batch('llama-3.1-8b@a100', 1585),
    {
      source: musgrave,
      setup: 'llama-3.1-8b, A100 40 GB, 1 client, 1024 → 128',
      name: 'output tokens/s',
      published: 75,
      modelled: one ?? NaN,
    },
    {
      source: musgrave,
      setup: 'the same, 8 clients to 1',
      name: 'times the throughput',
      published: 6.6,
      modelled: (eight ?? NaN) / (one ?? NaN),
    },
    {
      source: 'Sarathi-Serve paper',
      setup: 'mistral-7b@a100, 32 decodes at 4k context',
      name: 'step, ms',
      published: 20,
      modelled: play('mistral-7b@a100', 4000, 200, 32).gapMedianMs,
    },
  ]
}
