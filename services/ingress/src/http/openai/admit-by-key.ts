import { RequestFailure } from '@penstock/contracts'
import type { HandlerDependencies } from '../front.ts'
import type { Admit } from '../provider/complete.ts'
import { configured, mayUse } from './models.ts'

/** A key opens the models it is for, by their names. */
export const admitByKey =
  (dependencies: Pick<HandlerDependencies, 'config'>): Admit =>
  ({ caller }, model) => {
    if (caller?.kind !== 'openai') throw new RequestFailure('internal')
    if (!mayUse(caller.key, model, configured(dependencies))) return null
    return { principal: caller.digest, model: { kind: 'name', name: model } }
  }
