import { expect, test } from 'vitest'
import { readBenchArguments } from './bench-arguments.ts'

const read = (...args: string[]) => readBenchArguments(args, () => 5)

test('several suites can be named, each once per run', () => {
  const { suites, options, json } = read('overhead', 'throughput', 'streams', '--quick')
  expect(suites.map(({ name }) => name)).toEqual(['overhead', 'throughput', 'streams'])
  expect(options).toMatchObject({ quick: true, seed: 5, subjects: undefined, rates: undefined })
  expect(json).toBe(false)
})

test('an unknown suite, subject or workload is answered with what there is', () => {
  expect(() => read('overheat')).toThrow(/No suite is named overheat; there are overhead, throughput, streams/)
  expect(() => read()).toThrow(/Which suite\? There are overhead/)
  expect(() => read('overhead', '--subjects', 'nginx')).toThrow(/no subject is named nginx; there are direct, penstock/)
  expect(() => read('overhead', '--workload', 'poems')).toThrow(/no workload is named poems; there are/)
})

test('wrong values are named, unknown options too', () => {
  expect(() => read('overhead', '--rates', '20,x')).toThrow('--rates must be a number from 0.1 to 5000, not x')
  expect(() => read('overhead', '--seconds', '0')).toThrow('--seconds must be a whole number from 1 to 600, not 0')
  expect(() => read('overhead', '--rounds', '1.5')).toThrow(/--rounds/)
  expect(() => read('overhead', '--nonsense')).toThrow(/--nonsense/)
})

test('the report alone runs no suite', () => {
  expect(read('report')).toMatchObject({ reportOnly: true, suites: [] })
})
