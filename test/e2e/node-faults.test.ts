import { expect, it } from 'vitest'
import { runNodeFaults } from '../faults/node-faults/run-node-faults.ts'

/** One of each sort; `npm run faults -- node-faults` plays them all. */
const atOneNode = new Set([
  'answers 500',
  'has no room (503)',
  'resets mid-stream',
  'ends without [DONE]',
  'sends garbage JSON',
  'aborts the answer',
  'crashes mid-stream',
  'closes connections that are used again',
  'stalls mid-stream',
])
const atEveryNode = new Set([
  'refuses connections',
  'answers 500',
  'refuses the request (400)',
  'ends without [DONE]',
  'answers for another model',
])

it('a node that fails in any way costs no byte where another can go on, and else the failure that the contract names', async () => {
  const report = await runNodeFaults({
    signal: new AbortController().signal,
    onProgress: () => undefined,
    plays: ({ case: { name }, at }) => (at === 'one node' ? atOneNode : atEveryNode).has(name),
  })
  expect(report.failures).toEqual([])
  expect(report.of).toBe(3 * (atOneNode.size + atEveryNode.size))
}, 120_000)
