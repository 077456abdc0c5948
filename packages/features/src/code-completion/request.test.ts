import { expect, test } from 'vitest'
import { familyNames, traitsOf } from '@penstock/models'
import { parseCodeCompletion } from './request.ts'

const file = {
  file_name: 'stats.py',
  language_identifier: 'python',
  content_above_cursor: 'a = ',
  content_below_cursor: '\nb',
}
/** As Rails sends it for a self-hosted feature: the editor's body merged with its own fields. */
const fromRails = {
  current_file: file,
  intent: 'completion',
  stream: false,
  project_path: ' acme/stats ',
  choices_count: 1,
  telemetry: [{ requests: 3, accepts: 1, errors: 0 }],
  model_provider: 'litellm',
  prompt_version: 2,
  prompt: null,
  model_endpoint: 'http://vllm.example.test:8000/v1/',
  model_name: 'codestral',
  model_api_key: 'sk-local-1',
  model_identifier: 'custom_openai/house-coder-32b',
}
const withFile = (fields: object) => ({ ...fromRails, current_file: { ...file, ...fields } })

test('a body from Rails becomes an input, a model reference and no credential', () => {
  const parsed = parseCodeCompletion(fromRails)
  expect(parsed).toEqual({
    ok: true,
    request: {
      input: {
        prefix: 'a = ',
        suffix: '\nb',
        fileName: 'stats.py',
        language: 'python',
        context: [],
        project: 'acme/stats',
        raw: false,
      },
      stream: false,
      model: {
        kind: 'metadata',
        family: 'codestral',
        endpoint: 'http://vllm.example.test:8000/v1',
        identifier: 'custom_openai/house-coder-32b',
      },
      engine: 'litellm',
      lang: 'python',
    },
  })
  expect(JSON.stringify(parsed)).not.toContain('sk-local-1')
})

test.each(familyNames.filter((name) => traitsOf(name).generatesText))('family %s is accepted', (name) => {
  expect(parseCodeCompletion({ ...fromRails, model_name: name })).toMatchObject({
    ok: true,
    request: { model: { family: name } },
  })
})

test.each(['codestral-2499', 'nonsense', 'embedding', 'toString'])(
  'an unknown family breaks the schema, and is named: %s',
  (name) => {
    const parsed = parseCodeCompletion({ ...fromRails, model_name: name })
    expect(parsed).toMatchObject({
      ok: false,
      problem: { kind: 'invalid_body', issues: [{ path: 'model_name', message: expect.stringContaining(name) }] },
    })
    expect(JSON.stringify(parsed)).toContain(`\\"${name}\\"`)
  },
)

test.each([
  [{ model_provider: 'fireworks_ai', model_name: 'codestral-2501', model_endpoint: null }],
  [{ model_provider: 'gitlab', model_name: 'codestral_2508_vertex' }],
  [{ model_provider: null, model_name: null, model_endpoint: null, model_identifier: null }],
  [{ model_provider: 'litellm', model_name: '', model_endpoint: '', model_identifier: '' }],
])('a request without a self-hosted model takes the default: %j', (fields) => {
  expect(parseCodeCompletion({ ...fromRails, ...fields })).toMatchObject({
    ok: true,
    request: { model: { kind: 'default' } },
  })
})

test('the least an editor sends is enough, and the version may be missing', () => {
  const { language_identifier: _, ...bare } = file
  for (const version of [{}, { prompt_version: null }, { prompt_version: 1 }, { prompt_version: 3, prompt: [] }]) {
    expect(parseCodeCompletion({ current_file: bare, ...version })).toMatchObject({
      ok: true,
      request: { stream: false, engine: null },
    })
  }
})

test('null stands for absent wherever a value is optional', () => {
  const nulls = {
    project_path: null,
    project_id: null,
    telemetry: null,
    stream: null,
    choices_count: null,
    context: null,
    prompt_id: null,
  }
  expect(parseCodeCompletion({ ...fromRails, ...nulls })).toMatchObject({
    ok: true,
    request: { input: { context: [], project: null } },
  })
})

test('contents of context become code context, names and types do not', () => {
  const context = [{ type: 'file', name: 'x.py', content: 'X = 1' }]
  expect(parseCodeCompletion({ ...fromRails, context })).toMatchObject({ request: { input: { context: ['X = 1'] } } })
})

test('limits count characters, not UTF-16 units', () => {
  expect(parseCodeCompletion(withFile({ content_above_cursor: '😀'.repeat(100_000) })).ok).toBe(true)
  expect(parseCodeCompletion(withFile({ content_above_cursor: '😀'.repeat(100_001) })).ok).toBe(false)
})

const long = (chars: number) => 'x'.repeat(chars)
test.each([
  ['prompt_version', { ...fromRails, prompt_version: 4 }],
  ['prompt_version', { ...fromRails, prompt_version: '2' }],
  ['prompt', { ...fromRails, prompt: [] }],
  ['current_file', { ...fromRails, current_file: undefined }],
  ['content_below_cursor', withFile({ content_below_cursor: undefined })],
  ['content_above_cursor', withFile({ content_above_cursor: long(100_001) })],
  ['content_below_cursor', withFile({ content_below_cursor: long(100_001) })],
  ['file_name', withFile({ file_name: long(256) })],
  ['file_name', withFile({ file_name: null })],
  ['language_identifier', withFile({ language_identifier: long(256) })],
  ['project_path', { ...fromRails, project_path: long(256) }],
  ['project_id', { ...fromRails, project_id: 1.5 }],
  ['model_name', { ...fromRails, model_name: long(51) }],
  ['model_provider', { ...fromRails, model_provider: 'acme' }],
  ['model_endpoint', { ...fromRails, model_endpoint: 'file:///etc/passwd' }],
  ['model_api_key', { ...fromRails, model_api_key: long(2001) }],
  ['telemetry', { ...fromRails, telemetry: Array(11).fill(fromRails.telemetry[0]) }],
  ['telemetry', { ...fromRails, telemetry: [{ requests: 1 }] }],
  ['telemetry', { ...fromRails, telemetry: [{ requests: 1, accepts: 1, errors: 1, lang: long(51) }] }],
  ['context', { ...fromRails, context: Array(101).fill({ type: '', name: '', content: '' }) }],
  ['context', { ...fromRails, context: [{ type: '', name: long(1025), content: '' }] }],
  ['context', { ...fromRails, context: [{ type: '', name: '', content: long(500_001) }] }],
  ['stream', { ...fromRails, stream: 'maybe' }],
])('a body that breaks the schema is refused, and the issue names %s', (field, body) => {
  const parsed = parseCodeCompletion(body)
  expect(parsed).toMatchObject({ ok: false, problem: { kind: expect.stringMatching(/^invalid_/) } })
  expect(JSON.stringify(parsed)).toContain(field)
})

test.each([[null], [[]], ['x'], [7]])('what is no object is refused: %j', (body) => {
  expect(parseCodeCompletion(body)).toMatchObject({ ok: false, problem: { kind: 'invalid_body' } })
})

test.each([
  ['codestral-2501', 'codestral'],
  ['codestral-2508', 'codestral'],
  ['qwen2p5-coder-7b', 'qwen'],
])('the name %s is a model of the family %s', (model_name, family) => {
  expect(parseCodeCompletion({ ...fromRails, model_name })).toMatchObject({ request: { model: { family } } })
})
