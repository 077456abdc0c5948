import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testModel } from '../stack/seed-config.ts'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

/** Security §11, C1 and C2: what tenants may learn of each other from a prefix cache. */

interface NodeRecord {
  readonly id: string
  readonly cacheSalt: string | null
  readonly cachedTokens: number
  readonly promptTokens: number
}

const friends = ['sk-test-friend-1', 'sk-test-friend-2']
const stranger = 'sk-test-stranger'
let stack: TestStack
beforeAll(async () => {
  const keyOf = (name: string, key: string, domain?: string) => ({
    name,
    sha256: createHash('sha256').update(key).digest('hex'),
    ...(domain === undefined ? {} : { domain }),
  })
  stack = await startTestStack({
    nodes: 1,
    workers: 1,
    routers: 1,
    // Only modelled hardware has a prefix cache.
    nodeEnv: { VLLM_SIM_PERFORMANCE: 'llama-3.1-8b@h100' },
    configure: (document) => ({
      ...document,
      openai: { keys: [...friends.map((key, n) => keyOf(`friend-${n}`, key, 'friends')), keyOf('stranger', stranger)] },
    }),
  })
})
afterAll(() => stack[Symbol.asyncDispose]())

const longText = 'The pump station reports its water level. '.repeat(200)

/** Asks, and returns what the node that answered truly did. */
const ask = async (key: string, prompt: string, over: object = {}): Promise<NodeRecord> => {
  const before = await records()
  const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: testModel.name,
      messages: [{ role: 'user', content: prompt }],
      max_tokens: 4,
      ...over,
    }),
  })
  expect(response.status).toBe(200)
  const known = new Set(before.map(({ id }) => id))
  const made = (await records()).filter(({ id }) => !known.has(id))
  expect(made).toHaveLength(1)
  return made[0] as NodeRecord
}

const records = async (): Promise<NodeRecord[]> => {
  const all = await Promise.all(
    stack.nodes.map(async ({ adminUrl }) => (await (await fetch(`${adminUrl}/requests`)).json()) as NodeRecord[]),
  )
  // The canary of a node that is probed anew is nobody's request.
  return all.flat().filter(({ id }) => /^[\da-f]{32}\./.test(id))
}

test('each trust domain has a salt of its own, stable, and never of the client’s choice (C1)', async () => {
  const first = await ask(friends[0] as string, longText)
  const second = await ask(friends[1] as string, 'Another question.')
  const other = await ask(stranger, longText)
  expect(first.cacheSalt).toMatch(/^[\w-]{43}$/)
  expect(second.cacheSalt).toBe(first.cacheSalt)
  expect(other.cacheSalt).toMatch(/^[\w-]{43}$/)
  expect(other.cacheSalt).not.toBe(first.cacheSalt)
  const response = await fetch(`${stack.apiUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stranger}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: testModel.name,
      messages: [{ role: 'user', content: longText }],
      max_tokens: 4,
      cache_salt: first.cacheSalt,
    }),
  })
  await response.text()
  // Refused or overridden: the chosen salt has not come to a node with the stranger's request.
  const salts = (await records()).map(({ cacheSalt }) => cacheSalt)
  expect(salts.filter((salt) => salt === first.cacheSalt)).toHaveLength(2)
  expect(new Set(salts)).toEqual(new Set([first.cacheSalt, other.cacheSalt]))
})

test('a prefix is found again within its domain, and by no other domain (C2)', async () => {
  const prompt = `${randomUUID()} ${longText}`
  expect((await ask(friends[0] as string, prompt)).cachedTokens).toBe(0)
  const again = await ask(friends[1] as string, prompt)
  expect(again.cachedTokens).toBeGreaterThan(again.promptTokens / 2)
  for (let tries = 0; tries < 10; tries++) {
    const probed = `${randomUUID()} ${longText}`
    await ask(friends[0] as string, probed)
    expect((await ask(stranger, probed)).cachedTokens).toBe(0)
  }
})
