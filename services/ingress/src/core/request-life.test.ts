import { RequestFailure } from '@penstock/contracts'
import type { Frame, Part, WorkerBeat } from '@penstock/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  request,
  worker,
  runId,
  accepted,
  end,
  text,
  thought,
  failed,
  newLife,
  frameOf,
  granted,
  kinds,
} from './life.fixture.ts'
import type { Effect } from './life-effects.ts'
import type { RequestLife } from './request-life.ts'
import { RetryBudget } from './retry-budget.ts'

describe('the claim', () => {
  it('is granted to one run per attempt, however often and by whomever it is asked', () => {
    const life = newLife()
    granted(life, 1)
    const ask = (run: number, attempt = 1) => life.claim({ request, attempt, run: runId(run), worker: worker(run) }, 1)
    expect(ask(1)).toEqual({ kind: 'grant' })
    expect(ask(2)).toEqual({ kind: 'gone', reason: 'already_claimed' })
    expect(ask(2, 2)).toEqual({ kind: 'gone', reason: 'stale_attempt' })
  })

  it('waits for the answer of the router', () => {
    const life = newLife()
    life.start(0)
    expect(life.claim({ request, attempt: 1, run: runId(1), worker: worker(1) }, 0)).toEqual({ kind: 'wait' })
  })

  it('is gone once the client has left', () => {
    const life = newLife()
    life.start(0)
    life.submitted(1, accepted, 0)
    expect(kinds(life.giveUp(new RequestFailure('cancelled')))).toEqual(['withdraw', 'fail'])
    expect(life.claim({ request, attempt: 1, run: runId(1), worker: worker(1) }, 0)).toEqual({
      kind: 'gone',
      reason: 'cancelled',
    })
  })
})

describe('losses', () => {
  it('a silent worker costs the attempt after 2 s, and what was said goes along', () => {
    const life = newLife()
    granted(life)
    life.frame(frameOf(life, runId(1), 0, [text('ab')]), 100)
    expect(life.tick(2000, true)).toEqual([])
    expect(kinds(life.tick(2100, true))).toEqual(['cancel-run', 'submit'])
    expect(life.attempt).toBe(2)
    expect(life.said).toEqual({ text: 'ab', tokens: 1 })
  })

  it('silence does not count while the ingress itself is off the bus', () => {
    const life = newLife()
    granted(life)
    expect(life.tick(9000, false)).toEqual([])
    life.busBack(9000)
    expect(life.tick(9100, true)).toEqual([])
  })

  it('a beat that names the run as silent keeps it', () => {
    const life = newLife()
    granted(life)
    const beat: WorkerBeat = {
      worker: worker(1),
      instance: 'w',
      draining: false,
      configVersion: 1,
      pools: [],
      silentRuns: [runId(1)],
    }
    for (let now = 500; now <= 5000; now += 500) {
      life.workerBeat(beat, now)
      expect(life.tick(now + 100, true)).toEqual([])
    }
  })

  it('a run that its living worker does not know is lost', () => {
    const life = newLife()
    granted(life)
    const beat: WorkerBeat = {
      worker: worker(1),
      instance: 'w',
      draining: false,
      configVersion: 1,
      pools: [],
      silentRuns: [],
    }
    expect(kinds(life.workerBeat(beat, 1300))).toEqual(['resend'])
    expect(kinds(life.resendAnswered(runId(1), false, 1310))).toEqual(['cancel-run', 'submit'])
  })

  it('a gap is asked for first and costs the attempt only when it stays', () => {
    const life = newLife()
    granted(life)
    expect(kinds(life.frame(frameOf(life, runId(1), 1, [text('b')]), 10))).toEqual(['resend'])
    expect(kinds(life.frame(frameOf(life, runId(1), 0, [text('a')]), 50))).toEqual(['emit'])
    expect(kinds(life.frame(frameOf(life, runId(1), 1, [text('b')]), 50))).toEqual(['emit'])
    life.frame(frameOf(life, runId(1), 3, [text('d')]), 60)
    expect(kinds(life.tick(400, true))).toEqual(['cancel-run', 'submit'])
    expect(life.said.text).toBe('ab')
  })

  it('a job that no queue knows is lost unless it is claimed at once', () => {
    const lost = newLife()
    lost.start(0)
    lost.submitted(1, accepted, 0)
    lost.jobUnknown(1, 1000)
    expect(kinds(lost.tick(1300, true))).toEqual(['submit'])

    const claimed = newLife()
    claimed.start(0)
    claimed.submitted(1, accepted, 0)
    claimed.jobUnknown(1, 1000)
    claimed.claim({ request, attempt: 1, run: runId(1), worker: worker(1) }, 1100)
    expect(claimed.tick(1300, true)).toEqual([])
  })

  it('a handover is free', () => {
    const life = newLife()
    granted(life)
    for (let run = 2; run <= 9; run++) {
      expect(kinds(life.frame(frameOf(life, runId(run - 1), 0, [{ kind: 'handover' }]), run))).toContain('submit')
      granted(life, run, run)
    }
  })
})

describe('limits', () => {
  it('two nodes that break on one prompt end it', () => {
    const life = newLife()
    granted(life, 1)
    expect(kinds(life.frame(frameOf(life, runId(1), 0, [failed({ node: 'a' })]), 1))).toEqual(['submit'])
    granted(life, 2)
    expect(kinds(life.frame(frameOf(life, runId(2), 0, [failed({ node: 'b' })]), 2))).toEqual(['cancel-run', 'fail'])
  })

  it('a new token forgives the failures before it', () => {
    const life = newLife()
    for (let run = 1; run <= 6; run++) {
      granted(life, run, run)
      const parts: Part[] = [text('x'), failed({ node: run % 2 === 0 ? 'a' : 'b' })]
      expect(kinds(life.frame(frameOf(life, runId(run), 0, parts), run))).toEqual(['emit', 'submit'])
    }
  })

  it('the retry budget of the pool ends what would double an overload', () => {
    const budget = new RetryBudget({ share: 0, burst: 1 })
    const life = newLife({ budgetOf: () => budget })
    granted(life, 1)
    expect(kinds(life.frame(frameOf(life, runId(1), 0, [failed({ fault: 'unreached' })]), 1))).toEqual(['submit'])
    granted(life, 2)
    expect(kinds(life.frame(frameOf(life, runId(2), 0, [failed({ fault: 'unreached' })]), 2))).toContain('fail')
  })

  it('retries of one pool cost no other pool anything', () => {
    const budgets = new Map(['a', 'b'].map((pool) => [pool, new RetryBudget({ share: 0, burst: 1 })]))
    const tries = (pool: string): string[] => {
      const life = newLife({ budgetOf: (name) => budgets.get(name)! })
      life.start(0)
      life.submitted(1, { ...accepted, pool }, 0)
      life.claim({ request, attempt: 1, run: runId(1), worker: worker(1) }, 0)
      return kinds(life.frame(frameOf(life, runId(1), 0, [failed({ fault: 'unreached' })]), 1))
    }
    expect(tries('a')).toEqual(['submit'])
    expect(tries('a')).toContain('fail')
    expect(tries('b')).toEqual(['submit'])
  })

  it('a node that dies with many streams does not use up the budget: their attempts had brought something', () => {
    const budget = new RetryBudget({ share: 0, burst: 0 })
    const life = newLife({ budgetOf: () => budget })
    granted(life, 1)
    const broke = failed({ fault: 'broke' })
    expect(kinds(life.frame(frameOf(life, runId(1), 0, [text('a'), broke]), 1))).toEqual(['emit', 'submit'])
    granted(life, 2)
    expect(kinds(life.frame(frameOf(life, runId(2), 0, [broke]), 2))).toContain('fail')
  })

  it('half a tool call cannot be continued and says so', () => {
    const life = newLife()
    granted(life)
    life.frame(frameOf(life, runId(1), 0, [{ kind: 'tool-calls', calls: [{ index: 0, id: 'c', name: 'f' }] }]), 1)
    const last = life.tick(3000, true).at(-1)
    expect(last?.kind === 'fail' && last.failure.code).toBe('cannot_continue')
  })

  it('half a tool call of an answer in one piece is void: the answer comes anew, and nodes that die of it still count', () => {
    const call: Part = { kind: 'tool-calls', calls: [{ index: 0, id: 'c', name: 'f' }] }
    const life = newLife({ whole: true, reasoning: 'shown' })
    granted(life, 1)
    const first = life.frame(frameOf(life, runId(1), 0, [thought('so'), text('ab'), call, failed({ node: 'a' })]), 1)
    expect(kinds(first)).toEqual(['emit', 'emit', 'emit', 'emit', 'submit'])
    expect(first[3]).toEqual({ kind: 'emit', part: { kind: 'anew' } })
    expect(life.said).toEqual({ text: '', tokens: 0 })
    granted(life, 2)
    const second = life.frame(frameOf(life, runId(2), 0, [text('ab'), call, failed({ node: 'b' })]), 2)
    expect(kinds(second)).toContain('fail')
    // What can be taken up is.
    const plain = newLife({ whole: true })
    granted(plain)
    plain.frame(frameOf(plain, runId(1), 0, [text('ab')]), 1)
    expect(kinds(plain.tick(2100, true))).toEqual(['cancel-run', 'submit'])
    expect(plain.said).toEqual({ text: 'ab', tokens: 1 })
  })

  it('time that runs out in the queue is overload, at a node a timeout', () => {
    const codeAt = (life: RequestLife) => {
      const last = life.tick(10_000, true).at(-1)
      return last?.kind === 'fail' ? last.failure.code : null
    }
    const waiting = newLife()
    waiting.start(0)
    waiting.submitted(1, accepted, 0)
    expect(codeAt(waiting)).toBe('overloaded')
    const working = newLife()
    granted(working)
    expect(codeAt(working)).toBe('deadline_exceeded')
  })

  it('a first attempt waits in the queue no longer than its limit, and one that was started keeps its deadline', () => {
    const waiting = newLife({ queueMs: 2000 })
    expect(waiting.start(0)).toMatchObject([{ kind: 'submit', msLeft: 10_000, queueMsLeft: 2000 }])
    waiting.submitted(1, accepted, 0)
    expect(waiting.tick(1999, true)).toEqual([])
    const [withdraw, fail] = waiting.tick(2000, true)
    expect(withdraw).toMatchObject({ kind: 'withdraw', attempt: 1 })
    expect(fail?.kind === 'fail' && fail.failure.code).toBe('overloaded')

    const started = newLife({ queueMs: 2000 })
    granted(started)
    const lost = started.frame(frameOf(started, runId(1), 0, [{ kind: 'handover' }]), 2500)
    expect(lost.at(-1)).toMatchObject({ kind: 'submit', queueMsLeft: 7500 })
    expect(started.tick(9999, true)).toEqual([])
  })

  it('a pool that holds requests while it has no node decides how long they wait', () => {
    const held = newLife({ queueMs: 2000 })
    held.start(0)
    held.submitted(1, { ...accepted, holdMs: 5000 }, 100)
    expect(held.tick(5099, true)).toEqual([])
    expect(kinds(held.tick(5100, true))).toEqual(['withdraw', 'fail'])
  })

  it('a refused continuation is submitted again, a refused first attempt is the answer', () => {
    const life = newLife()
    granted(life)
    life.frame(frameOf(life, runId(1), 0, [text('a'), { kind: 'handover' }]), 10)
    expect(life.submitted(2, null, 20)).toEqual([])
    expect(kinds(life.tick(230, true))).toEqual(['submit'])

    const first = newLife()
    first.start(0)
    expect(kinds(first.submitted(1, { kind: 'refused', code: 'overloaded', retryAfterMs: 1 }, 1)).at(-1)).toBe('fail')
  })

  it('a first attempt that nobody took is offered again while a part may be late, and no longer', () => {
    const away = { kind: 'refused', code: 'store_unavailable', retryAfterMs: 1000 } as const
    for (const answer of [null, away]) {
      const life = newLife()
      life.start(0)
      expect(life.submitted(1, answer, 950, true)).toEqual([])
      expect(life.claim({ request, attempt: 1, run: runId(1), worker: worker(1) }, 1000)).toEqual({ kind: 'wait' })
      expect(life.tick(1100, true)).toEqual([])
      expect(life.tick(1150, false)).toEqual([])
      expect(life.tick(1150, true)).toMatchObject([{ kind: 'submit', attempt: 1, resumed: false, because: null }])
      expect(kinds(life.submitted(1, answer, 2100, true))).toEqual(['withdraw', 'fail'])
    }
  })

  it('a first attempt that nobody took is refused at once where nobody can be late', () => {
    const life = newLife()
    life.start(0)
    expect(kinds(life.submitted(1, null, 950, false)).at(-1)).toBe('fail')
  })

  it('a first attempt that is refused for what it is, is refused at once', () => {
    for (const code of ['overloaded', 'backend_unavailable', 'unknown_model'] as const) {
      const life = newLife()
      life.start(0)
      expect(kinds(life.submitted(1, { kind: 'refused', code }, 10, true)).at(-1)).toBe('fail')
    }
  })
})

describe('exact stream', () => {
  /** What may happen to a frame or a run, drawn at random. */
  const Fate = fc.constantFrom(
    'deliver',
    'deliver',
    'deliver',
    'deliver',
    'drop',
    'twice',
    'freeze',
    'break',
    'handover',
    'stray',
  )

  it('whatever is lost, doubled, frozen or broken, the client gets each byte once and in order', () => {
    fc.assert(
      fc.property(
        fc.array(Fate, { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 1, max: 40 }),
        (fates, length) => {
          const tokens = Array.from({ length }, (_, index) => `t${index} `)
          const life = newLife({ firstByteMs: 1e9, totalMs: 1e9 })
          let now = 0
          let run = 0
          let client = ''
          let outcome = 'open' as 'open' | 'finished' | 'failed'
          let sent: Frame[] = []
          const apply = (effects: Effect[]): void => {
            for (const effect of effects) {
              if (effect.kind === 'emit' && effect.part.kind === 'text') client += effect.part.text
              if (effect.kind === 'finish') outcome = 'finished'
              if (effect.kind === 'fail') outcome = 'failed'
              if (effect.kind === 'resend')
                for (const frame of sent.slice(effect.fromSeq)) apply(life.frame(frame, now))
            }
          }
          /** A new worker continues where the client's text ends, as a node does. */
          const begin = (): void => {
            run += 1
            sent = []
            granted(life, run, now)
          }
          const nextFrame = (): Frame => {
            const told = sent.reduce((count, frame) => count + frame.parts.length, 0)
            const already = saidAtStart + told
            const part = already < tokens.length ? text(tokens[already] ?? '') : end
            return { request, attempt: life.attempt, run: runId(run), seq: sent.length, parts: [part] }
          }
          let saidAtStart = 0
          const restart = (): void => {
            if (outcome !== 'open') return
            saidAtStart = life.said.tokens
            begin()
          }
          begin()
          const former: Frame[] = []
          for (const fate of [...fates, ...Array.from({ length: 400 }, () => 'deliver' as const)]) {
            if (outcome !== 'open') break
            now += 25
            const frame = nextFrame()
            const isEnd = sent.at(-1)?.parts[0]?.kind === 'end'
            if (!isEnd) sent.push(frame)
            const attempt = life.attempt
            if (fate === 'deliver' || fate === 'twice') apply(life.frame(frame, now))
            if (fate === 'twice') apply(life.frame(frame, now))
            if (fate === 'stray') for (const old of former) apply(life.frame(old, now))
            if (fate === 'freeze') now += 2500
            if (fate === 'break')
              apply(life.frame({ ...frame, seq: sent.length, parts: [failed({ fault: 'none' })] }, now))
            if (fate === 'handover')
              apply(life.frame({ ...frame, seq: sent.length, parts: [{ kind: 'handover' }] }, now))
            apply(life.tick(now, true))
            if (life.attempt !== attempt) {
              former.push(...sent)
              restart()
            }
          }
          const whole = tokens.join('')
          expect(whole.startsWith(client)).toBe(true)
          if (outcome === 'finished') expect(client).toBe(whole)
          expect(outcome).not.toBe('open')
        },
      ),
      { numRuns: 2000 },
    )
  })
})
