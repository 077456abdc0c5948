import { findModelByName } from '@penstock/config'
import type { ConfigSnapshot, ModelConfig } from '@penstock/config'
import { RequestFailure } from '@penstock/contracts'
import type { OpenAiKey } from '../../auth/openai-keys.ts'
import type { Handler, HandlerDependencies } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { errorAnswer, unknownModel } from './errors.ts'

/** The configuration in use; a service that has none yet cannot answer. */
export const configured = ({ config }: Pick<HandlerDependencies, 'config'>): ConfigSnapshot => {
  const snapshot = config()
  if (snapshot === null) throw new RequestFailure('store_unavailable', { retryAfterMs: 1000 })
  return snapshot
}

/** Whether a key may use the model of that name. A key limited to models does not learn of others. */
export const mayUse = (key: OpenAiKey, name: string, { document }: ConfigSnapshot): boolean => {
  if (key.models === undefined) return true
  const model = findModelByName(document, name)
  return model !== null && key.models.includes(model.name)
}

const modelJson = ({ name }: ModelConfig) => ({ id: name, object: 'model', created: 0, owned_by: 'penstock' })

/** Models as OpenAI's clients list them. */
export const modelList = (models: readonly ModelConfig[]) => ({
  object: 'list',
  data: models.map(modelJson),
})

/** `GET /v1/models`: what the caller's key may ask for. */
export const listModels =
  (dependencies: HandlerDependencies): Handler =>
  ({ caller }) => {
    if (caller?.kind !== 'openai') throw new RequestFailure('internal')
    const snapshot = configured(dependencies)
    return jsonAnswer(200, modelList(snapshot.document.models.filter(({ name }) => mayUse(caller.key, name, snapshot))))
  }

/** `GET /v1/models/{name}`. */
export const showModel =
  (dependencies: HandlerDependencies): Handler =>
  ({ caller, path }) => {
    if (caller?.kind !== 'openai') throw new RequestFailure('internal')
    const snapshot = configured(dependencies)
    const name = path.slice('/v1/models/'.length)
    const model = mayUse(caller.key, name, snapshot) ? findModelByName(snapshot.document, name) : null
    return model === null ? errorAnswer(unknownModel(name)) : jsonAnswer(200, modelJson(model))
  }
