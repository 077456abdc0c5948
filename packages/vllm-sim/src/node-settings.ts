import { z } from 'zod'
import { profileNames } from './profiles/version-profile.ts'

const tokens = z.int().min(0)

/** An answer for prompts that match; the first rule that does wins. */
const ScriptRule = z.strictObject({
  match: z.string().refine(compiles, 'is no regular expression'),
  answer: z.string(),
})

/** What of a running node can be changed; also its start options. */
export const NodeSettings = z.strictObject({
  /** Release whose wire format, metric names and limits the node has. */
  profile: z.enum(profileNames).default('v0.24'),
  /** From the start of work on a request to its first token. */
  ttftMs: z.number().min(0).default(20),
  /** Between two tokens of a request. */
  itlMs: z.number().min(0).default(10),
  /** Requests worked on at once (`--max-num-seqs`). */
  sequencesMax: z.int().min(1).default(256),
  /** Tokens the KV cache holds; scales the usage reported. */
  kvCacheTokens: z.int().min(1).default(400_000),
  /** Prompt and answer together, tokens (`--max-model-len`). */
  modelLengthMax: z.int().min(1).default(131_072),
  /** `embed`: a pooling model, which has `/v1/embeddings` and no completions. */
  task: z.enum(['generate', 'embed']).default('generate'),
  /** Length of an embedding. */
  embeddingSize: z.int().min(1).default(256),

  /** `hash`: words that depend on all text before; `echo`: the prompt's own text; `script`: fixed answers, else `hash`. */
  content: z.enum(['hash', 'echo', 'script']).default('hash'),
  script: z.array(ScriptRule).default([]),
  /** Probability per word that an answer ends there by itself. */
  endProbability: z.number().min(0).max(1).default(0),
  /** Lengths at which answers end by themselves, log-normal; null: only the limit and `endProbability` end them. */
  answerTokens: z
    .strictObject({ median: z.number().min(1), sigma: z.number().min(0).max(3) })
    .nullable()
    .default(null),
  /** `first`, `all`: a chat with tools calls the first, or every one, until a tool result is the last message. */
  toolCalls: z.enum(['first', 'all', 'never']).default('first'),
  /** Parser of tool calls (`--tool-call-parser`), which decides the form of their ids; null: none. */
  toolParser: z.enum(['hermes', 'mistral', 'kimi']).nullable().default('hermes'),
  /** `--enable-auto-tool-choice` */
  autoToolChoice: z.boolean().default(true),
  /** Tokens a chat thinks before it answers; 0: no reasoning parser. */
  reasoningTokens: tokens.default(0),

  /** Most log probabilities a token may show; -1: all (`--max-logprobs`). */
  logprobsMax: z.int().min(-1).default(20),
  /** Tokens per streamed chunk (`--stream-interval`). */
  streamInterval: z.int().min(1).default(1),
  /** Usage in every stream, asked for or not (`--enable-force-include-usage`). */
  forceIncludeUsage: z.boolean().default(false),
  /** Cached tokens in the usage (`--enable-prompt-tokens-details`). */
  promptTokensDetails: z.boolean().default(false),
  /** The request's id as a response header (`--enable-request-id-headers`). */
  requestIdHeaders: z.boolean().default(false),
  /** `/load` counts (`--enable-server-load-tracking`). */
  serverLoadTracking: z.boolean().default(false),
  /** `chat_template` of requests is accepted (`--trust-request-chat-template`). */
  trustRequestChatTemplate: z.boolean().default(false),
  schedulingPolicy: z.enum(['fcfs', 'priority']).default('fcfs'),
  /** Requests taken at once, waiting ones included, and prompt tokens not yet prefilled; beyond: 503. Profiles that have the limits only. */
  queuedRequestsMax: z.int().min(1).nullable().default(null),
  queuedTokensMax: z.int().min(1).nullable().default(null),
  /** What running answers get after SIGTERM (`--shutdown-timeout`). Profiles that have it only. */
  shutdownTimeoutMs: z.number().min(0).default(0),
  /** `/sleep`, `/pause` and their kin (`VLLM_SERVER_DEV_MODE`). */
  devMode: z.boolean().default(false),
  /** `/v1/load_lora_adapter` (`VLLM_ALLOW_RUNTIME_LORA_UPDATING`). */
  runtimeLora: z.boolean().default(false),
})
export type NodeSettings = z.infer<typeof NodeSettings>

export const defaultSettings: NodeSettings = NodeSettings.parse({})

/** The settings with a change applied. Throws ZodError for values out of range or unknown names. */
export const changedSettings = (settings: NodeSettings, change: unknown): NodeSettings =>
  NodeSettings.parse({ ...settings, ...z.record(z.string(), z.unknown()).parse(change) })

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp
  } catch {
    return false
  }
}
