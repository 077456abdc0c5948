import { expect, it } from 'vitest'
import { runScenario } from '../faults/run-scenario.ts'
import { randomKill } from '../faults/scenarios/random-kill.ts'

it('parts that die one after the other for 20 s cost no request, no byte and no error', async () => {
  const report = await runScenario(randomKill, {
    seconds: 20,
    seed: 20_261_125,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  })
  expect(report).toMatchObject({ lost: 0, bytesWrong: 0, serverErrors: 0, auditComplete: true })
  expect(report.completed).toBeGreaterThan(0)
  expect(report.kills).toBeGreaterThan(0)
}, 120_000)
