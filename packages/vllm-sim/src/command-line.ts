import { parseArgs } from 'node:util'
import { ZodError } from 'zod'
import { performanceProfile, performanceProfiles } from './engine/performance-profiles.ts'
import { FaultRule, faultKinds } from './faults/fault.ts'
import { changedSettings, defaultSettings } from './node-settings.ts'
import type { NodeSettings } from './node-settings.ts'
import { profileNames } from './profiles/version-profile.ts'
import { speedMax } from './simulated-node.ts'
import type { SimulatedNodeOptions } from './simulated-node.ts'

/** What a command line asks for. */
export type SimulatorCommand =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'run'; readonly nodes: readonly SimulatedNodeOptions[]; readonly json: boolean }

const nodesMax = 500

const help = `usage: penstock-sim [--model NAME] [--gpu GPU] [--nodes N] [options]

  --model NAME      served name; with --gpu also the model whose speed is played (default penstock-sim)
  --gpu GPU         h100, a100x2, …: batches and pages like vLLM on it; without: fixed times
  --as NAME         served name, when it is not the model's
  --nodes N         nodes in this process (1)
  --port P          port of the first node, the others follow; 0: free ones (0)
  --admin-port P    the same for the admin ports (0)
  --host ADDRESS    address to listen on (127.0.0.1)
  --vllm VERSION    release to stand for: ${profileNames.join(', ')} (v0.24)
  --speed FACTOR    how many seconds of the nodes pass in one (1)
  --api-key KEY     key that /v1 asks for
  --settings JSON   any other settings, as for POST /settings
  --fault JSON      a fault armed from the start; may be repeated: ${faultKinds.join(', ')}
  --json            one line of JSON per node

models and GPUs: ${performanceProfiles.map((profile) => profile.name).join(', ')}
`

/** Reads the arguments of `penstock-sim`. What does not exist is answered with what does. */
export const simulatorCommand = (args: readonly string[]): SimulatorCommand => {
  try {
    return parsed(args)
  } catch (error) {
    if (error instanceof ZodError)
      return { kind: 'wrong', message: error.issues.map((one) => `${one.path.join('.')}: ${one.message}`).join('\n') }
    return { kind: 'wrong', message: error instanceof Error ? error.message : String(error) }
  }
}

const parsed = (args: readonly string[]): SimulatorCommand => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: 'string', default: 'penstock-sim' },
      gpu: { type: 'string' },
      as: { type: 'string' },
      nodes: { type: 'string', default: '1' },
      port: { type: 'string', default: '0' },
      'admin-port': { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      vllm: { type: 'string', default: 'v0.24' },
      speed: { type: 'string', default: '1' },
      'api-key': { type: 'string' },
      settings: { type: 'string', default: '{}' },
      fault: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return { kind: 'help', text: help }
  const count = wholeNumber('nodes', values.nodes, 1, nodesMax)
  const port = wholeNumber('port', values.port, 0, 65_535)
  const adminPort = wholeNumber('admin-port', values['admin-port'], 0, 65_535)
  const speed = Number(values.speed)
  if (!(speed > 0 && speed <= speedMax))
    throw new Error(`--speed must be above 0 and at most ${speedMax}, not ${values.speed}`)
  const performance = values.gpu === undefined ? undefined : { profile: `${values.model}@${values.gpu}` }
  if (performance !== undefined) performanceProfile(performance.profile)
  const settings = checked({ ...(json('settings', values.settings) as object), profile: values.vllm })
  const faults = values.fault.map((fault) => FaultRule.parse(json('fault', fault)))
  const nodes = Array.from({ length: count }, (_, index): SimulatedNodeOptions => ({
    ...settings,
    models: [values.as ?? values.model],
    host: values.host,
    port: port === 0 ? 0 : port + index,
    adminPort: adminPort === 0 ? 0 : adminPort + index,
    apiKeys: values['api-key'] === undefined ? [] : [values['api-key']],
    performance,
    speed,
    faults,
    faultSeed: index + 1,
  }))
  return { kind: 'run', nodes, json: values.json }
}

/** The settings as they were given: what was not said is left to the hardware. Throws ZodError. */
const checked = (settings: object): Partial<NodeSettings> => {
  changedSettings(defaultSettings, settings)
  return settings
}

const wholeNumber = (name: string, text: string, least: number, most: number): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`--${name} must be a whole number from ${least} to ${most}, not ${text}`)
  return value
}

const json = (name: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`--${name} is not JSON: ${text}`, { cause: error })
  }
}
