import { expect, test } from 'vitest'
import { summarizeProfile } from './cpu-profile.ts'

const frame = (id: number, functionName: string, url = '', lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
})

test('self time adds up by function and by area, without idle time', () => {
  const profile = {
    nodes: [
      frame(1, '(idle)'),
      frame(2, 'encode', 'file:///x/packages/bus/src/payload.ts', 9),
      frame(3, 'parse', 'file:///x/node_modules/zod/v4/parse.js', 4),
      frame(4, 'encode', 'file:///x/packages/bus/src/payload.ts', 9),
      frame(5, '(garbage collector)'),
      frame(6, 'write', 'node:net', 0),
    ],
    samples: [1, 2, 3, 4, 5, 6, 3],
    timeDeltas: [5000, 1000, 1000, 2000, 1000, 1000, 4000],
  }
  const { busyMs, functions, areas } = summarizeProfile(profile, 10)
  expect(busyMs).toBe(10)
  expect(functions.slice(0, 2)).toEqual([
    { what: 'parse node_modules/zod/v4/parse.js:5', ms: 5, percent: 50 },
    { what: 'encode packages/bus/src/payload.ts:10', ms: 3, percent: 30 },
  ])
  expect(areas.map(({ what }) => what)).toEqual(['zod', 'packages/bus', '(garbage collector)', 'node'])
})
