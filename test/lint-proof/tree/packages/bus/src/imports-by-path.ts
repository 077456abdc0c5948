import { RequestId } from '../../contracts/src/ids.ts' // fails: eslint(no-restricted-imports)
import { startRouter } from '../../../services/router/src/service.ts' // fails: eslint(no-restricted-imports)

export const all = [RequestId, startRouter]
