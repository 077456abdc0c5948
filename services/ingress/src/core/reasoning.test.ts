import { describe, expect, it } from 'vitest'
import type { ReasoningView } from './intake.ts'
import { failed, frameOf, granted, kinds, newLife, runId, text, thought } from './life.fixture.ts'

describe('reasoning', () => {
  /** The life of a request whose model has thought two tokens when its worker falls silent, and what that came to. */
  const lostInThought = (reasoning: ReasoningView) => {
    const life = newLife({ reasoning })
    granted(life)
    const seen = life.frame(frameOf(life, runId(1), 0, [thought('so'), thought(' then')]), 100)
    return { life, seen: kinds(seen), lost: life.tick(2100, true) }
  }

  it('that no client sees is thought again by the next attempt, which has the whole output limit', () => {
    const { life, seen, lost } = lostInThought('hidden')
    expect(seen).toEqual([])
    expect(kinds(lost)).toEqual(['cancel-run', 'submit'])
    expect(life.said).toEqual({ text: '', tokens: 0 })
    expect(life.saidTokens).toBe(0)
  })

  it('of which a client only hears that it goes on is thought again, too', () => {
    const { life, seen, lost } = lostInThought('told')
    expect(seen).toEqual(['emit', 'emit'])
    expect(kinds(lost)).toEqual(['cancel-run', 'submit'])
    expect(life.said).toEqual({ text: '', tokens: 0 })
  })

  it('that the client reads cannot be taken up, and the request says so', () => {
    const { seen, lost } = lostInThought('shown')
    expect(seen).toEqual(['emit', 'emit'])
    const last = lost.at(-1)
    expect(last?.kind === 'fail' && last.failure.code).toBe('cannot_continue')
  })

  it('counts as output once text stands behind it', () => {
    const life = newLife()
    granted(life)
    life.frame(frameOf(life, runId(1), 0, [thought('so'), text('ab')]), 100)
    expect(kinds(life.tick(2100, true))).toEqual(['cancel-run', 'submit'])
    expect(life.said).toEqual({ text: 'ab', tokens: 2, thoughtTokens: 1 })
  })

  it('where a text was to be taken up ends the request: what follows could be swallowed as a thought', () => {
    const life = newLife()
    granted(life, 1)
    life.frame(frameOf(life, runId(1), 0, [thought('so'), text('ab'), thought('hm'), text('cd')]), 100)
    life.tick(2100, true)
    granted(life, 2, 2200)
    const effects = life.frame(frameOf(life, runId(2), 0, [thought('so'), text('ef')]), 2300)
    expect(kinds(effects)).toEqual(['cancel-run', 'fail'])
    const last = effects.at(-1)
    expect(last?.kind === 'fail' && last.failure.code).toBe('cannot_continue')
  })

  it.each([
    ['hidden', 10_000],
    ['told', 60_000],
    ['shown', 60_000],
  ] as const)(
    '%s: who sees nothing before the first text waits for it no longer than for a first byte',
    (view, endsAt) => {
      const life = newLife({ reasoning: view })
      granted(life)
      let seq = 0
      let at = 0
      for (; !life.done && at < 70_000; at += 500) {
        life.frame(frameOf(life, runId(1), seq++, [thought('hm')]), at)
        life.tick(at, true)
      }
      expect(at - 500).toBe(endsAt)
    },
  )

  it('is nothing new: nodes that die of it are not asked for ever', () => {
    for (const view of ['hidden', 'told'] as const) {
      const life = newLife({ reasoning: view })
      granted(life, 1)
      life.frame(frameOf(life, runId(1), 0, [thought('so'), failed({ node: 'a' })]), 1)
      granted(life, 2)
      expect(kinds(life.frame(frameOf(life, runId(2), 0, [thought('so'), failed({ node: 'b' })]), 2))).toContain('fail')
    }
  })
})
