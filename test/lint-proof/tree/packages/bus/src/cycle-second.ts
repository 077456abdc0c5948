import { first } from './cycle-first.ts' // fails: import(no-cycle)

export const second = (): number => first()
