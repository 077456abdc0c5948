import { startRouter } from '@penstock/router' // fails: eslint(no-restricted-imports)

export const start = startRouter
