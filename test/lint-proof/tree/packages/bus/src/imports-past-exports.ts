import { RequestId } from '@penstock/contracts/src/ids.ts' // fails: eslint(no-restricted-imports)

export const id = RequestId
