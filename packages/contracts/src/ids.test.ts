import { expect, test } from 'vitest'
import { ConfigName, IngressId, RequestId, RunId, WorkerId, jobIdOf } from './ids.ts'

test('no id or name can reach into another subject: dots, wildcards and blanks are refused', () => {
  const hostile = ['a.b', '*', '>', 'a b', '', 'a\n', 'A', '-a', 'a'.repeat(65)]
  for (const schema of [IngressId, WorkerId, ConfigName, RequestId, RunId])
    expect(hostile.filter((text) => schema.safeParse(text).success)).toEqual([])
})

test('a job id tells request and attempt apart', () => {
  const request = RequestId.parse('0123456789abcdef'.repeat(2))
  expect(jobIdOf(request, 12)).toBe(`${request}.12`)
})
