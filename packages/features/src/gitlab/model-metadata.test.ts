import { families } from '@penstock/models'
import { expect, test } from 'vitest'
import { parseModelMetadata } from './model-metadata.ts'

const metadata = {
  provider: 'openai',
  name: 'mistral',
  endpoint: 'http://vllm:8000/v1',
  api_key: 'sk-CANARY',
  identifier: 'custom_openai/m',
}

test.each([undefined, null])('%s is the operator default', (absent) => {
  expect(parseModelMetadata(absent)).toEqual({ ok: true, model: { kind: 'default' }, provider: null, raw: false })
})

test('names family, endpoint and identifier, and never the key', () => {
  const parsed = parseModelMetadata({ ...metadata, endpoint: 'http://vllm:8000/v1/', unknown: 1 })
  expect(parsed).toEqual({
    ok: true,
    model: { kind: 'metadata', family: 'mistral', endpoint: 'http://vllm:8000/v1', identifier: 'custom_openai/m' },
    provider: 'openai',
    raw: false,
  })
})

test('an empty identifier or key is as good as none', () => {
  expect(parseModelMetadata({ ...metadata, identifier: '', api_key: null })).toMatchObject({
    model: { kind: 'metadata', family: 'mistral', endpoint: 'http://vllm:8000/v1' },
  })
})

test('only the identifier of the text completion provider asks for raw completion', () => {
  expect(parseModelMetadata({ ...metadata, identifier: 'text-completion-openai/m' })).toMatchObject({ raw: true })
  expect(parseModelMetadata({ ...metadata, identifier: 'x/text-completion-openai/m' })).toMatchObject({ raw: false })
})

test.each(['gitlab', 'amazon_q', 'fireworks_ai'])("the cloud's provider %s is served by the default", (provider) => {
  expect(parseModelMetadata({ provider, feature_setting: 'duo_chat', identifier: '' })).toMatchObject({
    ok: true,
    model: { kind: 'default' },
  })
})

test.each(Object.keys(families).filter((name) => name !== 'embedding'))('the family %s is known', (name) => {
  expect(parseModelMetadata({ ...metadata, name })).toMatchObject({ ok: true, model: { family: name } })
})

test.each([
  ['an array', [metadata], ''],
  ['a string', 'mistral', ''],
  ['no provider', { ...metadata, provider: undefined }, 'provider'],
  ['a provider that is no text', { ...metadata, provider: 7 }, 'provider'],
  ['no name', { ...metadata, name: undefined }, 'name'],
  ['an unknown name', { ...metadata, name: 'gpt9' }, 'name'],
  ['a name of Object', { ...metadata, name: 'constructor' }, 'name'],
  ['a model without text', { ...metadata, name: 'embedding' }, 'name'],
  ['an endpoint that is no URL', { ...metadata, endpoint: 'not a url' }, 'endpoint'],
  ['an endpoint of another scheme', { ...metadata, endpoint: 'file:///etc/passwd' }, 'endpoint'],
  ['an endpoint of 256 characters', { ...metadata, endpoint: `http://vllm/${'x'.repeat(244)}` }, 'endpoint'],
  ['a key of 2001 characters', { ...metadata, api_key: 'CANARY'.padEnd(2001, 'x') }, 'api_key'],
  ['an identifier of 1001 characters', { ...metadata, identifier: 'x'.repeat(1001) }, 'identifier'],
])('%s is refused by the name of the field, without its value', (_what, body, path) => {
  const parsed = parseModelMetadata(body)
  expect(parsed).toMatchObject({ ok: false, issues: [{ path }] })
  expect(JSON.stringify(parsed)).not.toContain('CANARY')
})
