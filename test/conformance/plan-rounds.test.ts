import { expect, test } from 'vitest'
import { parseFixture } from './load-fixture.ts'
import type { Fixture } from './load-fixture.ts'
import { modelsOf, planRounds } from './plan-rounds.ts'

const endpoint = 'http://vllm.example.test:8000/v1'

const naming = (name: string, metadata: object | null, reply: object = {}, status = 200): Fixture =>
  parseFixture(
    JSON.stringify({
      name,
      request: { method: 'POST', path: '/', body: metadata === null ? {} : { model_metadata: metadata } },
      backend: { expect: { url: `${endpoint}/chat/completions` }, reply },
      response: { status },
    }),
  )

const names = (fixtures: Fixture[]): string[][] =>
  planRounds(fixtures).map(({ planned }) => planned.map(({ fixture }) => fixture.name))

test('models at one endpoint with one key share a round', () => {
  const fixtures = [
    naming('a', { name: 'mistral', endpoint, api_key: 'k', identifier: 'custom_openai/m' }),
    naming('b', { name: 'gpt', endpoint: `${endpoint}/`, api_key: 'k', identifier: 'custom_openai/n' }),
  ]
  expect(names(fixtures)).toEqual([['a', 'b']])
  expect(
    planRounds(fixtures)
      .flatMap(modelsOf)
      .map(({ family }) => family),
  ).toEqual(['mistral', 'gpt'])
})

test('another key at the same endpoint is another round', () => {
  const fixtures = [
    naming('a', { name: 'mistral', endpoint, api_key: 'k' }),
    naming('b', { name: 'mistral', endpoint, api_key: 'other' }),
    naming('c', { name: 'mistral', endpoint, api_key: 'k' }),
  ]
  expect(names(fixtures)).toEqual([['a', 'c'], ['b']])
})

test('another default model is another round, and a round without one takes the first that comes', () => {
  const fixtures = [
    naming('named', { name: 'mistral', endpoint }),
    naming('default', null, { body: { model: 'house' } }),
    naming('other default', null, { body: { model: 'manor' } }),
  ]
  expect(names(fixtures)).toEqual([['named', 'default'], ['other default']])
})

test('a model server that fails is nobody else’s', () => {
  const fixtures = [
    naming('well', { name: 'mistral', endpoint }),
    naming('refused', { name: 'mistral', endpoint }, { connection_refused: true }, 421),
    naming('error', { name: 'mistral', endpoint }, { status: 500 }, 421),
    naming('well too', { name: 'mistral', endpoint }),
  ]
  expect(names(fixtures)).toEqual([['well', 'well too'], ['refused'], ['error']])
})

test('model servers of their own may fail in a common round', () => {
  const at = (host: string) => ({ name: 'mistral', endpoint: `http://${host}/v1` })
  const reply = { status: 500 }
  const failing = (host: string): Fixture => {
    const { backend, ...fixture } = naming(host, at(host), reply, 421)
    return { ...fixture, backend: backend && { ...backend, expect: { url: `http://${host}/v1/chat/completions` } } }
  }
  expect(names([failing('a'), failing('b'), failing('a')])).toEqual([['a', 'b'], ['a']])
})

test('an empty identifier stands beside no other model of its family', () => {
  const fixtures = [
    naming('named', { name: 'mistral', endpoint, identifier: 'custom_openai/m' }),
    naming('empty', { name: 'mistral', endpoint, identifier: '' }),
    naming('other family', { name: 'gpt', endpoint, identifier: '' }),
  ]
  expect(names(fixtures)).toEqual([['named', 'other family'], ['empty']])
})
