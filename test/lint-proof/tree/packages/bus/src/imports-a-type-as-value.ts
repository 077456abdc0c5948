import { Socket } from 'node:net' // fails: typescript(consistent-type-imports)

export type Line = Socket
