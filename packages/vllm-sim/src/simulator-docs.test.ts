import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FaultRule, faultKinds } from './faults/fault.ts'
import { profileNames } from './profiles/version-profile.ts'

const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8')

test('the page names every fault and release, and its samples are valid', () => {
  for (const name of [...faultKinds, ...profileNames]) expect(page).toContain(`\`${name}\``)
  const samples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, sample = '']) =>
    FaultRule.parse(JSON.parse(sample)),
  )
  expect(samples.length).toBe(5)
})
