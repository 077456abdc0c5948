import type { Sampling } from '@penstock/models'
import { z } from 'zod'

const Stop = z.string().min(1).max(64)

/** Sampling arguments that both endpoints share, in OpenAI's spelling. */
export const samplingShape = {
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([Stop, z.array(Stop).max(16)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
}

/** Arguments about how the answer travels, and the model's name. */
export const transportShape = {
  model: z.string().min(1).max(255),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish() }).nullish(),
}

const SamplingArguments = z.object(samplingShape)

/** The arguments as sampling of a model call; null and absent are the same. */
export function samplingOf(args: z.infer<typeof SamplingArguments>): Sampling {
  const stop = typeof args.stop === 'string' ? [args.stop] : args.stop
  return given({
    maxTokens: args.max_tokens,
    temperature: args.temperature,
    topP: args.top_p,
    stop: stop?.length ? stop : undefined,
    seed: args.seed,
    presencePenalty: args.presence_penalty,
    frequencyPenalty: args.frequency_penalty,
  })
}

type Given<T> = { [K in keyof T]?: NonNullable<T[K]> }

/** Leaves out what is null or undefined. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Given<T>
}
