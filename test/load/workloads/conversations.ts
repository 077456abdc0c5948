import type { Random } from '../../stack/seeded-random.ts'
import { usersMax } from './workload.ts'
import type { BenchLane, PromptPiece, WorkloadOptions, WorkloadRequest } from './workload.ts'

/** How people, or agents, talk in turns. Each turn sends all that was said before. */
export interface ConversationShape {
  readonly name: string
  readonly lane: BenchLane
  /** Shared by every conversation: instructions, tools. */
  readonly systemTokens: number
  readonly firstTokens: readonly [min: number, max: number]
  /** What each further turn adds, the last answer included. */
  readonly addedTokens: readonly [min: number, max: number]
  readonly outputTokens: readonly [min: number, max: number]
  readonly turnsMax: number
  /** Between two turns, lognormal: median and how far the 90th percentile lies above it. */
  readonly gapP50Ms: number
  readonly gapP90Ms: number
  readonly promptTokensMax: number
}

/** Of a standard normal distribution. */
const sigmasAtP90 = 1.2816

/** Conversations in a steady state: the ones that began before the span are in the middle when it begins. */
export const planConversations = (shape: ConversationShape, options: WorkloadOptions): WorkloadRequest[] => {
  const { perSecond, spanMs, random } = options
  const turnsMean = (1 + shape.turnsMax) / 2
  const requests: WorkloadRequest[] = []
  const beginsPerMs = perSecond / turnsMean / 1000
  const longestMs = shape.turnsMax * shape.gapP90Ms
  for (let at = -longestMs, index = 0; at < spanMs; at += -Math.log(1 - random.next()) / beginsPerMs, index++)
    requests.push(...converse(shape, at, index, random).filter(({ atMs }) => atMs >= 0 && atMs < spanMs))
  return requests.sort((a, b) => a.atMs - b.atMs)
}

const converse = (shape: ConversationShape, beginsAtMs: number, index: number, random: Random): WorkloadRequest[] => {
  const session = `${shape.name}-${index}-${random.between(0, 2 ** 31)}`
  const user = random.between(0, usersMax - 1)
  const turns = random.between(1, shape.turnsMax)
  let prompt: PromptPiece[] = [
    { seed: `${shape.name} system`, tokens: shape.systemTokens, instructs: true },
    { seed: `${session} 0`, tokens: random.between(...shape.firstTokens) },
  ]
  let atMs = beginsAtMs
  const requests: WorkloadRequest[] = []
  for (let turn = 1; turn <= turns; turn++) {
    if (prompt.reduce((sum, { tokens }) => sum + tokens, 0) > shape.promptTokensMax) break
    const outputTokens = random.between(...shape.outputTokens)
    requests.push({ atMs, lane: shape.lane, user, session, prompt, outputTokens, cutAfterMs: null })
    prompt = [...prompt, { seed: `${session} ${turn}`, tokens: random.between(...shape.addedTokens) }]
    atMs += shape.gapP50Ms * Math.exp((Math.log(shape.gapP90Ms / shape.gapP50Ms) / sigmasAtP90) * normal(random))
  }
  return requests
}

/** Box–Muller. */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
