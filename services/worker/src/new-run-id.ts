import { randomBytes } from 'node:crypto'
import { RunId } from '@penstock/contracts'

export const newRunId = (): RunId => RunId.parse(randomBytes(8).toString('hex'))
