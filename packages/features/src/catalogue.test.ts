import { expect, test } from 'vitest'
import { featureCatalogue } from './catalogue.ts'
import type { Feature } from './feature.ts'
import { features } from './registry.ts'

test('docs/features.md is what the code says; -u writes it anew', async () => {
  await expect(featureCatalogue()).toMatchFileSnapshot('../../../docs/features.md')
})

test('every feature that GitLab knows says what GitLab promises, where it is asked and what opens it', () => {
  const ours = ['openai-', 'anthropic-']
  const silent = Object.values<Feature<unknown>>(features)
    .filter(({ name }) => !ours.some((prefix) => name.startsWith(prefix)))
    .filter(({ about }) => !about?.promised || about.endpoints.length === 0 || about.unitPrimitives.length === 0)
  expect(silent.map(({ name }) => name)).toEqual([])
})
