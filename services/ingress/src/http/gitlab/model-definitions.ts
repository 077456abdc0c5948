import { defaultModel } from '@penstock/config'
import type { ConfigSnapshot } from '@penstock/config'
import { featureByName, featureNames } from '@penstock/features'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'

/**
 * `GET /v1/models/definitions`: the configured models and which serves which of GitLab's settings. Names only: no address, no
 * served name, as nobody is authenticated here.
 */
export const modelDefinitions =
  (config: () => ConfigSnapshot | null): Handler =>
  () => {
    const document = config()?.document
    const models = (document?.models ?? []).map(({ name, family }) => ({
      name,
      identifier: name,
      provider: null,
      deprecation: null,
      description: `Self-hosted model of the family ${family}`,
      cost_indicator: null,
    }))
    const selectable = models.map(({ identifier }) => identifier)
    const settings = new Map<string, { model: string | null; unitPrimitives: Set<string> }>()
    for (const name of featureNames) {
      const feature = featureByName(name)
      if (feature?.about?.setting === undefined) continue
      const { setting, unitPrimitives } = feature.about
      const entry = settings.get(setting) ?? { model: null, unitPrimitives: new Set() }
      entry.model ??= (document && defaultModel(document, feature))?.model.name ?? null
      for (const primitive of unitPrimitives) entry.unitPrimitives.add(primitive)
      settings.set(setting, entry)
    }
    return jsonAnswer(200, {
      models,
      unit_primitives: [...settings].map(([setting, { model, unitPrimitives }]) => ({
        feature_setting: setting,
        default_model: model,
        default_models: model === null ? [] : [model],
        models_for_tags: {},
        models_for_size_preference: {},
        selectable_models: selectable,
        beta_models: [],
        deprecated_models: [],
        dev: null,
        unit_primitives: [...unitPrimitives].sort(),
      })),
    })
  }
