import type { Lane } from '@penstock/contracts'
import { lateAt } from '@penstock/scheduling'
import { patienceMs } from '../patience.ts'

export const late = (lane: Lane, nowAt: number) => lateAt(lane, nowAt, patienceMs)
