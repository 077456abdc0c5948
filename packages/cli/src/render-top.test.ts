import { expect, test } from 'vitest'
import { renderTop } from './render-top.ts'
import type { TopFacts } from './render-top.ts'

const evil = 'x\u001B[2J\u009B31m\r\nforged'
const facts = {
  count: 1,
  ingresses: 1,
  pools: [
    {
      pool: evil,
      lanes: [
        {
          lane: 'completion',
          jobs: 1,
          bytes: 1,
          tokens: 1,
          oldestWaitMs: 1,
          runsPerS: 1,
          serviceMs: 1,
          expectedWaitMs: 1,
        },
      ],
      slots: 1,
      inFlight: 1,
      nodesUp: 1,
      saturation: 2,
      desiredNodes: 1,
      sources: [{ source: 'pods', nodes: 1, trouble: evil, troubleForMs: 1 }],
    },
  ],
  requests: [
    {
      instance: evil,
      request: evil,
      correlationId: evil,
      feature: evil,
      state: 'waiting',
      ageMs: 1,
      pool: evil,
      lane: 'completion',
      attempt: 1,
      saidTokens: 0,
      worker: evil,
      principal: evil,
    },
  ],
} as unknown as TopFacts

test.each([true, false])(
  'names that hold escape sequences move no cursor and forge no line, colours %s (R9)',
  (colours) => {
    const view = { columns: 400, rows: 50, selected: colours ? 0 : null, note: evil, colours }
    const picture = renderTop(facts, view)
    const meant = [0, 1, 2, 7, 31, 33].map((colour) => `\u001B[${colour}m`)
    const rest = meant.reduce((text, colour) => text.replaceAll(colour, ''), picture)
    expect(rest).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(rest.split('\n').filter((line) => line.trimStart().startsWith('forged'))).toEqual([])
  },
)
