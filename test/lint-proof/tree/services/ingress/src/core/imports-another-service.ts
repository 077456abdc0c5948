import { startWorker } from '@penstock/worker' // fails: eslint(no-restricted-imports)

export const start = startWorker
