import { agents } from './agents.ts'
import { chat } from './chat.ts'
import { completions } from './completions.ts'
import { mixed } from './mixed.ts'
import { azureCode, mooncakeConversation } from './trace-files.ts'
import type { Workload } from './workload.ts'

const workloads: readonly ((traceFile?: string) => Workload)[] = [
  () => completions,
  () => chat,
  () => agents,
  () => mixed,
  azureCode,
  mooncakeConversation,
]

export const workloadNames: readonly string[] = workloads.map((make) => make().name)

/** The workload of a name. `traceFile` is replayed instead of the sample where the workload is a trace. Throws an error that lists what exists. */
export const workloadByName = (name: string, traceFile?: string): Workload => {
  const make = workloads.find((one) => one().name === name)
  if (make === undefined) throw new Error(`no workload is named ${name}; there are ${workloadNames.join(', ')}`)
  return make(traceFile)
}
