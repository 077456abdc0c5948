import { join } from 'path' // fails: unicorn(prefer-node-protocol)

export const at = join
