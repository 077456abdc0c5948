import { z } from 'zod'
import { ChatMessage } from './message.ts'

/** Any JSON object, passed on as it is: a tool's parameters, a schema the answer has to follow. */
const JsonObject = z.record(z.string(), z.unknown())

export const Tool = z.object({
  name: z.string(),
  description: z.string().optional(),
  parameters: JsonObject.optional(),
  strict: z.boolean().optional(),
})
export type Tool = z.infer<typeof Tool>

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string(),
    description: z.string().optional(),
    schema: JsonObject.optional(),
    strict: z.boolean().optional(),
  }),
])
export type ResponseFormat = z.infer<typeof ResponseFormat>

/** How to sample, and what the answer may look like. Everything a caller may influence at a node is in here. */
export const Sampling = z.object({
  maxTokens: z.int().min(1).optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  stop: z.array(z.string().min(1)).optional(),
  /** Whoever asks removes the stop strings itself where the server may not be told all of them; the first matter most. */
  stopTrimmable: z.boolean().optional(),
  /** The answer is short and its limit counts it alone: a model that thinks first is kept from it, or has room for it besides. */
  brief: z.boolean().optional(),
  seed: z.int().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  tools: z.array(Tool).optional(),
  toolChoice: z.union([z.enum(['none', 'auto', 'required']), z.object({ name: z.string() })]).optional(),
  parallelToolCalls: z.boolean().optional(),
  responseFormat: ResponseFormat.optional(),
})
export type Sampling = z.infer<typeof Sampling>

/** What to ask of a model, before it is known which node and which version of the server answers. */
export const ModelCall = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('chat'),
    messages: z.array(ChatMessage),
    /** The last message is an assistant's and the model goes on writing it. */
    continueFinal: z.boolean().optional(),
    ...Sampling.shape,
  }),
  z.object({ kind: z.literal('completion'), prompt: z.string(), ...Sampling.shape }),
  /** Texts turned into vectors, by a node that pools. `dimensions`: length of the vectors, where the model can shorten them. */
  z.object({
    kind: z.literal('embedding'),
    input: z.array(z.string()).min(1),
    dimensions: z.int().min(1).optional(),
  }),
])
export type ModelCall = z.infer<typeof ModelCall>
export type ChatCall = Extract<ModelCall, { kind: 'chat' }>
/** A call whose answer is text. */
export type TextCall = Exclude<ModelCall, { kind: 'embedding' }>
