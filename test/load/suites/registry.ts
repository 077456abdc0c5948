import { cancels } from './cancels.ts'
import { fairness } from './fairness.ts'
import { goodput } from './goodput.ts'
import { growth } from './growth.ts'
import { overhead } from './overhead.ts'
import { prefix } from './prefix.ts'
import { supersede } from './supersede.ts'
import { streams } from './streams.ts'
import { throughput } from './throughput.ts'
import type { Suite } from './suite.ts'

/** Every benchmark, in the order of the page. */
export const suites: readonly Suite[] = [
  overhead,
  throughput,
  streams,
  goodput,
  prefix,
  growth,
  fairness,
  cancels,
  supersede,
]
