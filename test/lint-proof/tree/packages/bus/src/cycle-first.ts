import { second } from './cycle-second.ts' // fails: import(no-cycle)

export const first = (): number => second()
