import { expect, it } from 'vitest'
import { startTestApp } from '../http-app.fixture.ts'

it('the definitions name the configured models and what serves each setting, to anybody, without an address', async () => {
  await using app = await startTestApp()
  for (const path of ['/v1/models/definitions', '/v1/models%2Fdefinitions', '/ai/v1/models%2Fdefinitions']) {
    const response = await fetch(`${app.url}${path}`)
    const text = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
    const { models, unit_primitives: settings } = JSON.parse(text) as {
      models: { identifier: string }[]
      unit_primitives: { feature_setting: string }[]
    }
    expect(models.map(({ identifier }) => identifier)).toEqual(['coder', 'chatter', 'embedder'])
    expect(settings.find(({ feature_setting: name }) => name === 'code_completions')).toMatchObject({
      default_model: 'coder',
      default_models: ['coder'],
      selectable_models: ['coder', 'chatter', 'embedder'],
      unit_primitives: ['complete_code'],
    })
    expect(settings.find(({ feature_setting: name }) => name === 'code_generations')).toMatchObject({
      default_model: null,
      default_models: [],
    })
    expect(text).not.toMatch(/127\.0\.0\.1|house\/coder/)
  }
  expect((await fetch(`${app.url}/v1/models/definitions`, { method: 'POST' })).status).toBe(405)
})

it('a setting whose feature has no model of its own is served by the model of all features', async () => {
  await using app = await startTestApp({ configure: { defaults: { model: 'chatter' } } })
  const { unit_primitives: settings } = (await (await fetch(`${app.url}/v1/models/definitions`)).json()) as {
    unit_primitives: { feature_setting: string; default_model: string | null }[]
  }
  const modelOf = (setting: string) => settings.find(({ feature_setting: name }) => name === setting)?.default_model
  expect([modelOf('code_completions'), modelOf('code_generations')]).toEqual(['coder', 'chatter'])
})
