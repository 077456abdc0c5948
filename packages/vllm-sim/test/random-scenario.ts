import type { Engine, EngineStep, Sequence, SequenceTrace, StepResult } from '../src/engine.ts'
import { blockTokens } from '../src/engine.ts'
import { BatchingEngine } from '../src/engine/batching-engine.ts'
import { seededRandom } from '../src/engine/jitter.ts'
import { performanceProfile } from '../src/engine/performance-profiles.ts'
import { VirtualClock } from '../src/engine/virtual-clock.ts'
import { defaultSettings } from '../src/node-settings.ts'
import { createAnswer } from '../src/openai/answer.ts'
import type { Answer } from '../src/openai/answer.ts'
import { planAnswer } from '../src/openai/answer-plan.ts'
import type { ChoicePlan } from '../src/openai/answer-plan.ts'
import { CompletionRequest } from '../src/openai/request.ts'

/** Random choices from one seed. */
class Choices {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  of<T>(...values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)] as T
  }
}

const model = 'penstock-sim'
const promptTokensMax = 120
const outputTokensMax = 40
const largestBlocks = 1 + Math.ceil((promptTokensMax + outputTokensMax) / blockTokens)
/** Longer than any of these scenarios goes on once nothing hangs, ms. */
const settlingMs = 20_000
const groups = ['a', 'b', 'c'].map((name) => name.repeat(10))

const answerPlan = (prompt: string, tokens: number): ChoicePlan => {
  const body = CompletionRequest.parse({ prompt, max_tokens: tokens })
  const plan = planAnswer({ endpoint: 'completion', body }, { ...defaultSettings, endProbability: 0.02 })
  const choice = plan.kind === 'planned' ? plan.choices[0] : undefined
  if (choice === undefined) throw new Error('refused')
  return choice
}

/** A request with real text that stalls or is cut at random, and that complains when the engine breaks its promises. */
class RandomRequest implements Sequence {
  readonly promptTokens: number
  readonly priority: number
  readonly lora: string | undefined
  readonly cacheSalt: string | undefined
  readonly ignoresPrefixCache: boolean
  trace: SequenceTrace | undefined
  /** What has become of it; each once. */
  readonly ends: ('finished' | 'removed' | 'lost' | 'aborted' | 'crashed')[] = []
  said = ''
  hangs = false
  readonly #plan: ChoicePlan
  readonly #answer: Answer
  readonly #group: number
  readonly #choices: Choices
  #over = false

  constructor(choices: Choices) {
    this.#choices = choices
    this.promptTokens = choices.integer(1, promptTokensMax)
    this.priority = choices.integer(-1, 1)
    this.lora = choices.of(undefined, undefined, 'x', 'y', 'z')
    this.cacheSalt = choices.of(undefined, undefined, 's')
    this.ignoresPrefixCache = choices.chance(0.1)
    this.#group = choices.integer(0, groups.length - 1)
    this.#plan = answerPlan(groups[this.#group] as string, choices.integer(1, outputTokensMax))
    this.#answer = createAnswer(this.#plan, model)
  }

  blockKey(index: number): number {
    return this.#group * 1000 + index
  }

  step(): StepResult {
    if (this.ends.length > 0) throw new Error('a step after the end')
    if (this.#choices.chance(0.004)) return { delayMs: this.#choices.of(0.5, 5, 80) }
    if (this.#choices.chance(0.001)) {
      this.hangs = true
      return { delayMs: Infinity }
    }
    if (this.#choices.chance(0.001)) {
      this.ends.push('lost')
      return 'lost'
    }
    const { text, end } = this.#answer.next()
    this.said += text
    this.#over = end !== null
    if (this.#over) this.ends.push('finished')
    return this.#over ? 'done' : 'more'
  }

  flush(): void {
    if (this.trace === undefined) throw new Error('a flush inside the submission')
  }

  dropped(cause: 'aborted' | 'crashed'): void {
    this.ends.push(cause)
  }

  /** What it must have said in the end, had nothing happened. */
  whole(): string {
    const answer = createAnswer(this.#plan, model)
    let text = ''
    for (let step = answer.next(); ; step = answer.next()) {
      text += step.text
      if (step.end !== null) return text
    }
  }
}

/** One random engine under random arrivals, removals, stalls and faults, checked after every step. Throws what it finds wrong. */
export const playRandomScenario = (seed: number): void => {
  const choices = new Choices(seed)
  const clock = new VirtualClock()
  const tokensPerStepMax = choices.of(8, 16, 64, 512)
  const sequencesMax = choices.integer(1, 12)
  const kvBlocks = largestBlocks + choices.of(0, 0, 5, 40)
  const requests: RandomRequest[] = []
  let lastStep = 0
  const stepped = (step: EngineStep): void => {
    if (step.id !== lastStep + 1) throw new Error(`step ${step.id} after ${lastStep}`)
    if (step.tokens > tokensPerStepMax || step.sequences > sequencesMax || step.tokens < step.sequences)
      throw new Error(`${step.tokens} tokens of ${step.sequences} sequences`)
    if (step.endedAt < step.startedAt) throw new Error('a step that ends before it begins')
    lastStep = step.id
    engine.check()
  }
  const engine = new BatchingEngine(
    {
      profile: performanceProfile('llama-3.1-8b@h100'),
      tokensPerStepMax,
      sequencesMax,
      kvBlocks,
      policy: choices.of('fcfs', 'priority'),
      lorasMax: choices.of(1, 2, undefined),
      prefixCaching: choices.chance(0.8),
      prefillChunkMax: choices.of(undefined, 20),
      reserveWholePrompt: choices.chance(0.7),
      frontEnd: choices.of(undefined, { requestMs: 5, promptTokenMs: 0.1, streamedTokenMs: 0 }),
      jitterSigma: choices.of(0, 0.3),
      seed,
    },
    { clock, observer: { stepped } },
  )

  const happenings = choices.integer(1, 14)
  for (let happening = 0; happening < happenings; happening++) {
    clock.at(choices.integer(0, 250), () => {
      const { steps } = engine.counters()
      happen(engine, choices, requests, kvBlocks)
      if (engine.counters().steps < steps) lastStep = 0
      engine.check()
    })
  }
  clock.run(300)
  engine.thaw()
  engine.resume()
  engine.setKvRatio(1)
  // A request that hangs may hold the room another needs, and one more may hang once it is gone.
  for (let round = 0; round <= requests.length; round++) {
    clock.run(clock.nowMs() + settlingMs)
    for (const request of requests.filter(isHung)) remove(engine, request)
  }
  judge(engine, requests)
}

const isHung = ({ hangs, ends }: RandomRequest): boolean => hangs && ends.length === 0

const submit = (engine: Engine, choices: Choices, requests: RandomRequest[]): void => {
  const request = new RandomRequest(choices)
  requests.push(request)
  request.trace = engine.submit(request)
}

const remove = (engine: Engine, request: RandomRequest | undefined): void => {
  if (request === undefined || request.ends.length > 0) return
  request.ends.push('removed')
  engine.remove(request)
}

const happen = (engine: Engine, choices: Choices, requests: RandomRequest[], kvBlocks: number): void => {
  if (choices.chance(0.55)) {
    for (let burst = choices.of(1, 1, 2, 5); burst > 0; burst--) submit(engine, choices, requests)
    return
  }
  switch (choices.integer(0, 7)) {
    case 0:
    case 1:
      return remove(engine, requests[choices.integer(0, requests.length - 1)])
    case 2:
      return choices.chance(0.5) ? engine.freeze() : engine.thaw()
    case 3:
      return choices.chance(0.5) ? engine.pause(choices.of('abort', 'wait', 'keep')) : engine.resume()
    case 4:
      return engine.setKvRatio(choices.integer(2, kvBlocks) / kvBlocks)
    case 5:
      return engine.setSlowFactor(choices.of(0.5, 1, 4))
    case 6:
      engine.resetPrefixCache({ preemptRunning: choices.chance(0.5) })
      return
    default:
      if (choices.chance(0.3)) engine.crash()
  }
}

const judge = (engine: BatchingEngine, requests: readonly RandomRequest[]): void => {
  engine.check()
  const { running, waiting, kvCacheUsageRatio } = engine.load()
  if (running + waiting + kvCacheUsageRatio > 0)
    throw new Error(`an idle engine with ${running} running, ${waiting} waiting`)
  for (const request of requests) {
    const { trace, ends, said } = request
    if (ends.length !== 1 || trace === undefined)
      throw new Error(`a request that ended so: ${ends.join(', ') || 'never'}`)
    const whole = request.whole()
    if (ends[0] === 'finished' ? said !== whole : !whole.startsWith(said)) throw new Error('said something else')
    const expected = {
      finished: 'finished',
      crashed: 'crashed',
      aborted: 'aborted',
      removed: 'aborted',
      lost: 'aborted',
    }
    if (trace.outcome !== expected[ends[0] as keyof typeof expected]) throw new Error(`${ends[0]} is ${trace.outcome}`)
    if (trace.endedAt === null || trace.endedAt < trace.arrivedAt) throw new Error('ended at no time')
    if (trace.outcome === 'finished' ? trace.wastedTokens !== 0 : trace.wastedTokens < trace.outputTokens)
      throw new Error(`${trace.wastedTokens} of ${trace.outputTokens} tokens wasted`)
    trace.steps.reduce((last, [first, end]) => {
      if (first <= last || end < first) throw new Error('steps out of order')
      return end
    }, 0)
  }
}
