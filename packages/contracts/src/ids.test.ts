import { expect, test } from 'vitest'
import { ConfigName, IngressId, NodeName, RequestId, RunId, WorkerId, jobIdOf } from './ids.ts'

test('no id or name can reach into another subject: dots, wildcards and blanks are refused', () => {
  const hostile = ['a.b', '*', '>', 'a b', '', 'a\n', 'A', '-a', 'a'.repeat(65)]
  for (const schema of [IngressId, WorkerId, ConfigName, RequestId, RunId])
    expect(hostile.filter((text) => schema.safeParse(text).success)).toEqual([])
})

test('a node is named by the configuration, or by a source and an address', () => {
  for (const name of ['gpu-1', 'coder@10.0.0.5:8000', 'coder@[fd00::5]:8000'])
    expect(NodeName.safeParse(name)).toMatchObject({ success: true })
  for (const name of ['coder@', '@10.0.0.5:8000', 'coder@evil host', 'coder@a.b/c', 'a\u001B[2J'])
    expect(NodeName.safeParse(name)).toMatchObject({ success: false })
})

test('a job id tells request and attempt apart', () => {
  const request = RequestId.parse('0123456789abcdef'.repeat(2))
  expect(jobIdOf(request, 12)).toBe(`${request}.12`)
})
