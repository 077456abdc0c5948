import { ConfigName, Lane, lanes } from '@penstock/contracts'
import { familyNames, nodeProfiles, reasonings, traitsOf } from '@penstock/models'
import { z } from 'zod'
import { Backend, SecretReference } from './backend.ts'
import { checkReferences } from './check-references.ts'
import { Discover, Networks } from './discover.ts'
import { normalizeEndpoint } from './endpoint-url.ts'

const mebibyte = 1024 * 1024

/** A string as the client or the model server spells it. */
const Spelling = z.string().min(1).max(1000)

const FeatureName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be a feature name: a-z, 0-9, _ and -, at most 64')

const SpanMs = z.int().min(100).max(3_600_000)

/** Kept in its normal form, so that comparing endpoints is comparing strings. */
const EndpointUrl = z
  .string()
  .max(2048)
  .transform((text, context) => {
    const url = normalizeEndpoint(text)
    if (url !== null) return url
    context.addIssue('must be an absolute http or https URL without credentials, query or fragment')
    return z.NEVER
  })

/** One model-server endpoint, or all behind one name. Connections go to `url`; `aliases` are other names that GitLab may send for it. */
const Node = z.strictObject({
  name: ConfigName,
  url: EndpointUrl,
  aliases: z.array(EndpointUrl).max(64).default([]),
  /** Absent: `url` is one node. */
  discover: Discover.optional(),
  /** Where the host name of `url` may lead, judged at each connection. Discovered nodes: see `discover`. */
  networks: Networks.optional(),
  /** Where the node's bearer token or key is kept. */
  credential: SecretReference.optional(),
  backend: Backend.default({ kind: 'vllm' }),
  /** vLLM versions whose behaviour towards clients differs; other backends have none. */
  profile: z.enum(nodeProfiles).default('v0.24'),
  /** Ceiling of the adaptive limit on requests in flight. */
  inFlightMax: z.int().min(1).max(4096).default(64),
  /** `paused`: takes no new run. `draining`: the same, and what still runs after 30 s goes on elsewhere. */
  mode: z.enum(['active', 'paused', 'draining']).default('active'),
})

/** Lower lanes move on, however much waits above. */
const minimumShareByDefault: Record<Lane, number> = { completion: 0, interactive: 0.2, background: 0.05 }

const PoolLane = z.strictObject({
  name: Lane,
  /** Share of the pool's starts that this lane keeps under load from higher lanes, 0–1. */
  minimumShare: z.number().min(0).max(1).default(0),
  /** What the nodes must keep for this lane, for the limit on requests in flight; the lane's own defaults when absent. */
  ttftMs: z.int().min(10).max(600_000).optional(),
  itlMs: z.int().min(1).max(60_000).optional(),
  /** Longest wait for a start in a burst: who is expected to wait longer is refused. The lane's own default when absent. */
  waitMs: z.int().min(10).max(600_000).optional(),
})

/** Nodes that are interchangeable for a job. */
const Pool = z.strictObject({
  name: ConfigName,
  nodes: z.array(ConfigName).min(1).max(1024),
  /** `paused`: jobs wait and none starts. `draining`: new requests are refused, what waits is served. */
  mode: z.enum(['active', 'paused', 'draining']).default('active'),
  lanes: z
    .array(PoolLane)
    .min(1)
    .default(() => lanes.map((name) => ({ name, minimumShare: minimumShareByDefault[name] }))),
  /** Bounds of each lane's waiting line; at a bound requests are refused. */
  queue: z
    .strictObject({
      jobsMax: z.int().min(1).max(1_000_000).default(2000),
      bytesMax: z
        .int()
        .min(1)
        .default(256 * mebibyte),
      /** Waiting requests of one user in one lane. Each add and take costs the store a little more with each of them. */
      perUserMax: z.int().min(1).max(1000).default(8),
      /** Waiting requests of one tenant (a GitLab instance, or a key of the OpenAI front) in one lane; none when absent. */
      perTenantMax: z.int().min(1).max(1_000_000).optional(),
    })
    .prefault({}),
  /** Holds requests while the pool has no node, because it is being scaled from zero. Absent: they are refused. */
  waitingRoom: z
    .strictObject({
      /** Requests held per lane. */
      jobsMax: z.int().min(1).max(1_000_000).default(100),
      /** Longest hold; a request's own time to the first byte ends it sooner. */
      holdMs: SpanMs.default(50_000),
    })
    .optional(),
})

const Model = z
  .strictObject({
    name: ConfigName,
    family: z.enum(familyNames),
    /** What the nodes call it. */
    servedName: Spelling,
    pool: ConfigName,
    /** Context window; the family's when absent. */
    contextTokens: z.int().min(1).max(100_000_000).optional(),
    /** Further identifiers that GitLab may send for it, whole or behind their provider. */
    identifiers: z.array(Spelling).max(64).default([]),
    /**
     * How chat tools are offered. `native`: as functions, for servers that parse the model's calls (vLLM's `--enable-auto-tool-choice`
     * with a parser); any other refuses them. `text`: in words, which every model follows more or less.
     */
    toolCalls: z.enum(['text', 'native']).default('text'),
    /** `in-user`: its chat template knows no system role, so instructions open the user's first turn. Gemma's is such a template. */
    systemRole: z.enum(['own', 'in-user']).optional(),
    /** How the model thinks before short answers; its served name tells when absent. */
    reasoning: z.enum(reasonings).optional(),
    /** The served name is a LoRA adapter: its requests keep to this many nodes, so that it stays loaded there. */
    lora: z
      .strictObject({
        nodes: z.int().min(1).max(1024).default(2),
        /** Nodes load it when it is asked for (a resolver plugin of vLLM); else only those that list it are asked. */
        onDemand: z.boolean().default(false),
      })
      .optional(),
  })
  .transform(({ contextTokens, systemRole, ...model }) => ({
    ...model,
    systemRole: systemRole ?? (model.family === 'codegemma' ? ('in-user' as const) : ('own' as const)),
    contextTokens: contextTokens ?? traitsOf(model.family).contextTokens,
  }))

/** A vendor's gateway outside the domain: GitLab's own in the cloud, for instance. */
const Gateway = z.strictObject({
  name: ConfigName,
  /** What request paths are appended to, `https://cloud.gitlab.com/ai` for instance. */
  url: EndpointUrl,
  /** Its bearer token; absent: the request's own token goes along. */
  credential: SecretReference.optional(),
  /** Requests at once, per ingress. Beyond: 429. */
  inFlightMax: z.int().min(1).max(4096).default(64),
})

const Feature = z.strictObject({
  /** Model for requests that name none; that of `defaults` when absent. */
  model: ConfigName.optional(),
  inactive: z.boolean().default(false),
  /** Leaves the domain: answered by this gateway instead of a model here. */
  gateway: ConfigName.optional(),
  lane: Lane.optional(),
  firstByteMs: SpanMs.optional(),
  totalMs: SpanMs.optional(),
  /** Code suggestions: take off what models add around code. Off, the text is passed on as the model wrote it. */
  tidy: z.boolean().default(true),
  /** Longest wait in the queue; then 429. */
  queueMs: SpanMs.optional(),
  promptVersion: z.string().min(1).max(64).optional(),
  /** What the audit log keeps of prompts and answers. */
  auditLevel: z.enum(['metadata', 'redacted', 'full']).default('metadata'),
})

/** What matches a request's `model_metadata`: every field given must. */
const RoutingRule = z.strictObject({
  endpoint: EndpointUrl.optional(),
  /** The whole identifier, or the part behind its provider. */
  identifier: Spelling.optional(),
  family: Spelling.optional(),
  model: ConfigName,
})

/** A key of the OpenAI front, by its hash: the key itself is known to its user alone. */
const OpenAiKey = z.strictObject({
  name: ConfigName,
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .toLowerCase(),
  /** Names of the models it may use; all when absent. */
  scopes: z.array(ConfigName).optional(),
  /** Keys with the same one trust each other: they may share prefix caches and generations. Absent: it shares with no other. */
  domain: ConfigName.optional(),
})

/** The configuration of a whole installation. This schema is its only definition; an unknown key is an error. */
export const ConfigDocument = z
  .strictObject({
    nodes: z.array(Node).max(10_000),
    pools: z.array(Pool).max(1_000),
    models: z.array(Model).max(10_000),
    /** `model`: for features without one of their own; those that ask for vectors have none unless they say so. */
    defaults: z.strictObject({ model: ConfigName.optional() }).prefault({}),
    features: z.record(FeatureName, Feature).default({}),
    /** Rules for `model_metadata`, first match wins, before endpoint and identifier are looked up. */
    routing: z.array(RoutingRule).max(10_000).default([]),
    gateways: z.array(Gateway).max(16).default([]),
    /** Who may share prefix caches and generations: users of a GitLab instance, of a root namespace, or nobody. Keys: see `domain`. */
    isolation: z.enum(['instance', 'namespace', 'user']).default('instance'),
    openai: z.strictObject({ keys: z.array(OpenAiKey).max(10_000).default([]) }).prefault({}),
  })
  .superRefine(checkReferences)

/** A valid document with every default filled in. Parsing it again changes nothing. */
export type ConfigDocument = z.output<typeof ConfigDocument>
/** A document as written, defaults left out. */
export type ConfigDocumentInput = z.input<typeof ConfigDocument>

export type NodeConfig = ConfigDocument['nodes'][number]
export type PoolConfig = ConfigDocument['pools'][number]
export type ModelConfig = ConfigDocument['models'][number]
export type GatewayConfig = ConfigDocument['gateways'][number]
export type FeatureConfig = ConfigDocument['features'][string]
export type RoutingRule = ConfigDocument['routing'][number]
