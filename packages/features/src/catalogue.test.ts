import { expect, test } from 'vitest'
import { featureCatalogue } from './catalogue.ts'
import type { Feature } from './feature.ts'
import { features } from './registry.ts'

test('docs/features.md is what the code says; -u writes it anew', async () => {
  await expect(featureCatalogue()).toMatchFileSnapshot('../../../docs/features.md')
})

test('every feature that GitLab knows says what GitLab promises, where it is asked and what opens it', () => {
  const ours = ['openai-', 'anthropic-']
  for (const feature of Object.values<Feature<unknown>>(features)) {
    if (ours.some((prefix) => feature.name.startsWith(prefix))) continue
    expect(feature.about?.promised, feature.name).toMatch(/\S/)
    expect(feature.about?.endpoints.length, feature.name).toBeGreaterThan(0)
    expect(feature.about?.unitPrimitives.length, feature.name).toBeGreaterThan(0)
  }
})
