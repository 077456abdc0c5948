import { readArchive } from '@penstock/audit-chain'
import { waitFor } from '@penstock/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({
    nodes: 2,
    workers: 1,
    routers: 1,
    nodeEnv: { VLLM_SIM_TASK: 'embed' },
    configure: ({ defaults: _ofText, ...document }) => ({
      ...document,
      models: [{ ...testModel, family: 'embedding', pool: 'main' }],
    }),
  })
})
afterAll(() => stack[Symbol.asyncDispose]())

const embed = async (name: number): Promise<{ status: number; vectors: number[][] }> => {
  const response = await fetch(`${stack.apiUrl}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.openAiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: testModel.name, input: [`def a${name}; end`, `def b${name}; end`] }),
  })
  const { data = [] } = (await response.json()) as { data?: { embedding: number[] }[] }
  return { status: response.status, vectors: data.map(({ embedding }) => embedding) }
}

/** Fewer than the tries that failures at nodes may cost at once. */
const names = [1, 2, 3, 4, 5, 6, 7, 8]

test('embeddings that a node was asked for when it died come whole from another', async () => {
  const expected = await Promise.all(names.map(embed))
  expect(expected.every(({ status, vectors }) => status === 200 && vectors.length === 2)).toBe(true)
  const { readyCount } = stack.stack.process('node-1')
  // Who is asked while it stands still waits for it; its death ends that.
  stack.stack.kill('node-1', 'SIGSTOP')
  let settled = 0
  const answers = names.map((name) => embed(name).finally(() => (settled += 1)))
  await waitFor(() => settled > 0, { what: 'an answer of the living node' })
  stack.stack.kill('node-1', 'SIGKILL')
  expect(await Promise.all(answers)).toEqual(expected)
  const again = await waitFor(
    async () => {
      const records = await Array.fromAsync(readArchive(stack.archiveDir)).catch(() => [])
      const completed = records.filter(({ type }) => type === 'response.completed')
      return completed.length === 2 * names.length ? completed.filter(({ data }) => 'attempt_2' in data) : null
    },
    { what: 'the records of all answers', timeoutMs: 15_000 },
  )
  expect(again.length).toBeGreaterThan(0)
  await stack.stack.waitReady('node-1', readyCount)
  expect(await embed(1)).toEqual(expected[0])
})
