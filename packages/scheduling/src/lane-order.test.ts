import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LaneOrder } from './lane-order.ts'

const lanes = ['completion', 'interactive', 'background'] as const
type Lane = (typeof lanes)[number]
const shares = (...minimum: number[]) => lanes.map((name, n) => ({ name, minimumShare: minimum[n] ?? 0 }))

/** Starts jobs; `hasWork` says which lanes have one waiting. Returns how many each lane got. */
const start = (
  order: LaneOrder<Lane>,
  times: number,
  hasWork: (lane: Lane, n: number) => boolean,
): Record<Lane, number> => {
  const got = { completion: 0, interactive: 0, background: 0 }
  for (let n = 0; n < times; n++) {
    const tried = order.order()
    const lane = tried.find((name) => hasWork(name, n))
    if (lane === undefined) continue
    got[lane] += 1
    order.started(lane, tried)
  }
  return got
}

describe('lanes', () => {
  test('without shares are tried as configured, always', () => {
    expect(start(new LaneOrder(shares()), 100, () => true)).toEqual({ completion: 100, interactive: 0, background: 0 })
  })

  test('with work waiting get their minimum share of starts, and the first lane the rest', () => {
    const share = fc.integer({ min: 0, max: 45 }).map((percent) => percent / 100)
    fc.assert(
      fc.property(share, share, (interactive, background) => {
        const got = start(new LaneOrder(shares(0, interactive, background)), 1000, () => true)
        expect(got.interactive).toBeGreaterThanOrEqual(Math.floor(1000 * interactive) - 3)
        expect(got.interactive).toBeLessThanOrEqual(1000 * interactive + 2)
        expect(got.background).toBeGreaterThanOrEqual(Math.floor(1000 * background) - 3)
        expect(got.completion).toBeGreaterThanOrEqual(1000 * (1 - interactive - background) - 4)
      }),
    )
  })

  test('that were empty have nothing to make up for when work comes', () => {
    const order = new LaneOrder(shares(0, 0, 0.1))
    start(order, 500, (lane) => lane === 'completion')
    expect(start(order, 20, () => true).background).toBeLessThanOrEqual(3)
  })

  test('that get plenty anyway are not pushed in front', () => {
    const order = new LaneOrder(shares(0, 0.5, 0))
    start(order, 50, (lane) => lane === 'interactive')
    expect(order.order()[0]).toBe('completion')
  })

  test('are all tried, each once, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...lanes), { maxLength: 60 }), (began) => {
        const order = new LaneOrder(shares(0.2, 0.3, 0.4))
        for (const lane of began) order.started(lane, order.order())
        expect(order.order().toSorted()).toEqual([...lanes].toSorted())
      }),
    )
  })
})
