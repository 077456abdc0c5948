import { IngressId } from '@penstock/contracts'
import { expect, test } from 'vitest'
import { FramePaces } from './frame-paces.ts'

const near = IngressId.parse(`i-${'1'.repeat(12)}`)
const far = IngressId.parse(`i-${'2'.repeat(12)}`)

test('frames for an ingress whose way is slow are gathered for longer, up to a quarter of a second, and no others', () => {
  let ownLagMs = 0
  const paces = new FramePaces({ everyMs: 20, ownLagMs: () => ownLagMs, afterBeat: () => undefined })
  const everyMs = (lagMs: number): number => {
    paces.heard(far, lagMs)
    return paces.of(far).everyMs
  }
  expect([0, 30, 100, 5000, 0].map(everyMs)).toEqual([20, 20, 50, 250, 20])
  everyMs(400)
  expect(paces.of(near).everyMs).toBe(20)
  ownLagMs = 300
  expect(everyMs(100)).toBe(150)
})
