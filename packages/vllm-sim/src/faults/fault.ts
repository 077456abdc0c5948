import { z } from 'zod'

const afterTokens = z.int().min(0).default(0)
const ms = z.number().min(0)

/** Whom and when a rule strikes; every rule may say it. */
const rule = {
  /** How many requests it strikes, or how often it comes upon the node; null: any number. */
  count: z.int().min(1).nullable().default(1),
  /** Of striking a request that matches; of coming each time. */
  probability: z.number().min(0).max(1).default(1),
  /** Only requests for which all of this holds. `id`, `prompt`: found in the id, in the body. Not for what concerns the whole node. */
  match: z
    .strictObject({
      path: z.string().optional(),
      model: z.string().optional(),
      id: z.string().optional(),
      prompt: z.string().optional(),
      stream: z.boolean().optional(),
    })
    .default({}),
  /** Begins that long after it was armed, and lasts so long; null: until it is disarmed. What comes upon the node again does so that long
   *  after it was over, a process that ended after it is back. */
  afterMs: ms.default(0),
  forMs: ms.nullable().default(null),
}

/** `afterTokens`: how many tokens the client gets before. `when`: earlier than any token, with or without headers. */
const underWay = { ...rule, afterTokens, when: z.enum(['before_headers', 'in_prefill', 'after_tokens']).optional() }

/** Strikes at once, or together with a request when `when` says so. */
const ofProcess = {
  ...rule,
  afterTokens,
  when: z.enum(['now', 'before_headers', 'in_prefill', 'after_tokens']).default('now'),
  /** The process comes back on its port, with a cold cache; null: never. */
  restartAfterMs: ms.nullable().default(null),
}

/** Each kind with its members. */
const Rules = z.discriminatedUnion('kind', [
  // One request, while it is under way.
  /** The socket stays open and brings nothing more; with 0 tokens and no `when` not even headers. */
  z.strictObject({ kind: z.literal('hang'), ...underWay }),
  /** The answer pauses, then goes on. */
  z.strictObject({ kind: z.literal('stall'), ...underWay, stallMs: ms }),
  z.strictObject({ kind: z.literal('reset_mid_stream'), ...underWay }),
  /** The body ends in order, without finish and end mark. */
  z.strictObject({ kind: z.literal('truncate'), ...underWay }),
  /** An error event, then the end mark. */
  z.strictObject({ kind: z.literal('error_event'), ...underWay, message: z.string().default('The engine failed.') }),
  z.strictObject({ kind: z.literal('abort_finish'), ...underWay }),
  /** A broken JSON line among the others. */
  z.strictObject({ kind: z.literal('garbage'), ...underWay }),
  /** One line of so many bytes, which ends the stream. */
  z.strictObject({ kind: z.literal('oversized_frame'), ...underWay, bytes: z.int().min(1).default(100_000_000) }),

  // One request, before it begins.
  z.strictObject({ kind: z.literal('http_500'), ...rule }),
  z.strictObject({ kind: z.literal('http_503'), ...rule }),
  z.strictObject({ kind: z.literal('http_503_admission'), ...rule }),
  z.strictObject({
    kind: z.literal('http_status'),
    ...rule,
    status: z.int().min(400).max(599),
    message: z.string().default('Injected.'),
  }),
  z.strictObject({
    kind: z.literal('redirect'),
    ...rule,
    location: z.string(),
    status: z.int().min(300).max(399).default(307),
  }),

  // What one answer looks like.
  /** One packet a byte; packets that cut characters; many events a packet. */
  z.strictObject({ kind: z.literal('one_byte'), ...rule }),
  z.strictObject({ kind: z.literal('split_utf8'), ...rule }),
  z.strictObject({ kind: z.literal('burst'), ...rule }),
  z.strictObject({ kind: z.literal('wrong_model'), ...rule, model: z.string().default('another-model') }),
  /** The answer names another request's id. */
  z.strictObject({ kind: z.literal('wrong_id'), ...rule }),
  z.strictObject({ kind: z.literal('clock_skew'), ...rule, skewMs: z.number() }),

  // The process.
  z.strictObject({ kind: z.literal('crash'), ...ofProcess }),
  /** Open answers end in an error, `/health` fails, and the process ends. */
  z.strictObject({ kind: z.literal('engine_dead'), ...ofProcess, exitAfterMs: ms.default(5000) }),
  /** `engine_dead` as soon as so much of the KV cache is used. */
  z.strictObject({
    kind: z.literal('oom'),
    ...ofProcess,
    exitAfterMs: ms.default(5000),
    kvUsageRatio: z.number().min(0).max(1).default(0.9),
  }),

  // The node, while the rule lasts.
  z.strictObject({ kind: z.literal('engine_hang'), ...rule }),
  /** Steps take so many times as long. */
  z.strictObject({ kind: z.literal('slow'), ...rule, factor: z.number().min(0.01).max(10_000) }),
  /** Only this part of the KV cache is left. */
  z.strictObject({ kind: z.literal('kv_pressure'), ...rule, ratio: z.number().min(0.0001).max(1) }),
  /** Asleep, and `/health` is well. */
  z.strictObject({ kind: z.literal('sleep_hang'), ...rule }),
  z.strictObject({ kind: z.literal('refuse'), ...rule }),
  /** Connections are taken, and nothing is answered. */
  z.strictObject({ kind: z.literal('slow_accept'), ...rule }),
  /** A client's end of its connection goes unnoticed. */
  z.strictObject({ kind: z.literal('half_open'), ...rule }),
  /** A connection that served a request is closed when it is used again. */
  z.strictObject({ kind: z.literal('keepalive_race'), ...rule }),
  z.strictObject({ kind: z.literal('stale_metrics'), ...rule }),
  z.strictObject({ kind: z.literal('metrics_500'), ...rule }),
  /** Series with these in their names are gone. */
  z.strictObject({ kind: z.literal('metrics_missing_series'), ...rule, names: z.array(z.string()).min(1) }),
])
export type FaultRule = z.infer<typeof Rules>

/** What can go wrong (contract vllm.md 5.3.6). */
export const FaultRule = Rules.superRefine((fault, context) => {
  if (isOfNode(fault) && Object.keys(fault.match).length > 0)
    context.addIssue({
      code: 'custom',
      path: ['match'],
      message: `${fault.kind} strikes the node, not single requests`,
    })
})
export type FaultInput = z.input<typeof FaultRule>
export type FaultKind = FaultRule['kind']

/** A fault that strikes while an answer is under way. */
export type StreamFault = Extract<FaultRule, { afterTokens: number }>
/** A fault of the process or of the node as a whole. */
export type NodeFault = Extract<FaultRule, { kind: (typeof nodeKinds)[number] }>

const nodeKinds = [
  'crash',
  'engine_dead',
  'oom',
  'engine_hang',
  'slow',
  'kv_pressure',
  'sleep_hang',
  'refuse',
  'slow_accept',
  'half_open',
  'keepalive_race',
  'stale_metrics',
  'metrics_500',
  'metrics_missing_series',
] as const satisfies FaultKind[]

/** Whether a fault strikes no single request but the node. */
export const isOfNode = (fault: FaultRule): fault is NodeFault => {
  if ('when' in fault && 'restartAfterMs' in fault) return fault.when === 'now'
  return (nodeKinds as readonly FaultKind[]).includes(fault.kind)
}

/** The same of a rule as it is written. Throws what `FaultRule` says of a rule that is none. */
export const strikesNode = (fault: FaultInput): boolean => isOfNode(FaultRule.parse(fault))

/** How long the process is away after it was struck, ms; undefined: it does not end, or does not come back. */
export const downMs = (fault: NodeFault): number | undefined => {
  if (fault.kind === 'crash') return fault.restartAfterMs ?? undefined
  if (fault.kind !== 'engine_dead' || fault.restartAfterMs === null) return undefined
  return fault.exitAfterMs + fault.restartAfterMs
}

export const faultKinds: readonly FaultKind[] = Rules.options.map((option) => option.shape.kind.value)
