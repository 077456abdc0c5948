import { isFamily } from '@penstock/models'
import type { Family } from '@penstock/models'
import type { Answer } from '../../core/intake.ts'

/** The family by which the answer was asked for. */
export const familyOf = ({ accepted }: Answer): Family => (isFamily(accepted.family) ? accepted.family : 'general')
