import { z } from 'zod'
import type { NodeSettings } from './node-settings.ts'
import { speedMax } from './simulated-node.ts'
import type { SimulatedNodeOptions } from './simulated-node.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const names = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim()))
  .pipe(z.tuple([z.string().min(1)], z.string().min(1)))

const Variables = z.object({
  /** 0: any free port. */
  VLLM_SIM_PORT: port.default(0),
  VLLM_SIM_ADMIN_PORT: port.default(0),
  /** Address to listen on. */
  VLLM_SIM_HOST: z.string().default('127.0.0.1'),
  /** Served names, separated by commas; the first seeds the text. */
  VLLM_SIM_MODEL: names.default(['penstock-sim']),
  /** Performance profile; none: fixed times. */
  VLLM_SIM_PERFORMANCE: z.string().optional(),
  /** How many seconds of the node pass in one. */
  VLLM_SIM_SPEED: z.coerce.number().positive().max(speedMax).default(1),
  VLLM_SIM_TTFT_MS: z.coerce.number().min(0).optional(),
  VLLM_SIM_ITL_MS: z.coerce.number().min(0).optional(),
  VLLM_SIM_MAX_NUM_SEQS: z.coerce.number().int().min(1).optional(),
  VLLM_SIM_MAX_MODEL_LEN: z.coerce.number().int().min(1).optional(),
  /** What the model is made for. */
  VLLM_SIM_TASK: z.enum(['generate', 'embed']).optional(),
  /** Key that `/v1` asks for; none when unset. */
  VLLM_SIM_API_KEY: z.string().optional(),
})

/** Options of the node from environment variables; empty ones count as unset. Throws one error that names every wrong variable. */
export const nodeOptions = (environment: Record<string, string | undefined>): SimulatedNodeOptions => {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = Variables.safeParse(set)
  if (!parsed.success)
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'))
  const variables = parsed.data
  return {
    models: variables.VLLM_SIM_MODEL,
    host: variables.VLLM_SIM_HOST,
    speed: variables.VLLM_SIM_SPEED,
    port: variables.VLLM_SIM_PORT,
    adminPort: variables.VLLM_SIM_ADMIN_PORT,
    apiKeys: variables.VLLM_SIM_API_KEY === undefined ? [] : [variables.VLLM_SIM_API_KEY],
    ...(variables.VLLM_SIM_PERFORMANCE !== undefined && { performance: { profile: variables.VLLM_SIM_PERFORMANCE } }),
    ...given({
      ttftMs: variables.VLLM_SIM_TTFT_MS,
      itlMs: variables.VLLM_SIM_ITL_MS,
      sequencesMax: variables.VLLM_SIM_MAX_NUM_SEQS,
      modelLengthMax: variables.VLLM_SIM_MAX_MODEL_LEN,
      task: variables.VLLM_SIM_TASK,
    }),
  }
}

const given = (settings: { readonly [K in keyof NodeSettings]?: NodeSettings[K] | undefined }): Partial<NodeSettings> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
