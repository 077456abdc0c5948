import type { OpenAiProblem } from './problem.ts'
import { problem } from './problem.ts'

/** `More`: what only one endpoint knows of its requests. */
export type ParsedOpenAi<I, More extends object = object> =
  | ({
      readonly ok: true
      readonly input: I
      readonly stream: boolean
      /** A last chunk with the usage is wanted. */
      readonly includeUsage: boolean
      /** The model as the client names it. */
      readonly model: string
    } & More)
  | OpenAiProblem

export interface TransportArguments {
  readonly model: string
  readonly stream?: boolean | null | undefined
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined
}

/** A validated request with how its answer travels. */
export function accepted<I>(input: I, args: TransportArguments): ParsedOpenAi<I> {
  const stream = args.stream ?? false
  if (args.stream_options && !stream) {
    return problem('stream_options', "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
  }
  return { ok: true, input, stream, includeUsage: args.stream_options?.include_usage ?? false, model: args.model }
}
