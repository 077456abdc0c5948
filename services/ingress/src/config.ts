import {
  EnvironmentError,
  integerVariable,
  outgoingEnvironment,
  readEnvironment,
  serviceEnvironment,
} from '@penstock/runtime'
import type { Environment } from '@penstock/runtime'
import { z } from 'zod'

const mebibyte = 1024 ** 2
const port = (byDefault: number) => integerVariable(0, 65_535, byDefault)
const optionalPem = z.string().includes('-----BEGIN', { error: 'must be a PEM key' }).optional()
const originUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })

const variables = z.object({
  ...serviceEnvironment,
  ...outgoingEnvironment,
  /** Redis with the configuration. */
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  /** API listener. */
  PENSTOCK_API_HOST: z.string().default('0.0.0.0'),
  PENSTOCK_API_PORT: port(5052),
  /** After SIGTERM requests are still taken for this time, ms, while `/monitoring/ready` says 503 and answers close their connections. */
  PENSTOCK_DRAIN_NOTICE_MS: integerVariable(0, 25_000, 2000),
  /** Certificate and key of the API listener, PEM files; unset: plain HTTP. Renewed files are taken up without a restart. */
  PENSTOCK_TLS_CERT_FILE: z.string().optional(),
  PENSTOCK_TLS_KEY_FILE: z.string().optional(),
  /** Prometheus listener. */
  PENSTOCK_METRICS_HOST: z.string().default('0.0.0.0'),
  PENSTOCK_METRICS_PORT: port(8082),
  /** GitLab instance whose tokens are accepted, by OIDC discovery. */
  AIGW_GITLAB_URL: originUrl.default('https://gitlab.com'),
  /** Second issuer; `none` or the GitLab URL for offline instances. */
  AIGW_CUSTOMER_PORTAL_URL: z.union([z.literal('none'), originUrl]).default('https://customers.gitlab.com'),
  /** Audience that tokens must name, and issuer of our own. */
  AIGW_CLOUD_CONNECTOR_SERVICE_NAME: z.string().default('gitlab-ai-gateway'),
  /** Keys of tokens that the gateway issues for direct IDE access. */
  AIGW_SELF_SIGNED_JWT__SIGNING_KEY: optionalPem,
  AIGW_SELF_SIGNED_JWT__VALIDATION_KEY: optionalPem,
  /** Folder of the write-ahead audit log. Must outlive the process, and belong to this replica alone. */
  PENSTOCK_AUDIT_DIR: z.string({ error: 'must name the folder of the audit log' }),
  /** Room for audit records that are not archived yet, bytes. Full: requests get 429. */
  PENSTOCK_AUDIT_CAPACITY_BYTES: integerVariable(16 * mebibyte, 1024 * 1024 * mebibyte, 1024 * mebibyte),
  /** Bodies of all requests under way, bytes. Beyond: 429. */
  PENSTOCK_BODY_BUDGET_BYTES: integerVariable(16 * mebibyte, 1024 * 1024 * mebibyte, 512 * mebibyte),
  /** Requests under way at once. Beyond: 429. */
  PENSTOCK_REQUESTS_MAX: integerVariable(1, 1_000_000, 10_000),
  /** File of the documentation index that `penstock docs index` wrote; unset: documentation searches find nothing. */
  PENSTOCK_DOCS_INDEX: z.string().min(1).optional(),
  /** Secret behind the opaque ids of users in queues and records. Equal on all replicas; unset: random per process. */
  PENSTOCK_PRINCIPAL_SECRET: z.string().min(8, 'must be at least 8 characters').optional(),
})

/** Names of the upstream image that mean the same. Ours win. */
const aliases: Record<string, string> = {
  AIGW_FASTAPI__API_HOST: 'PENSTOCK_API_HOST',
  AIGW_FASTAPI__API_PORT: 'PENSTOCK_API_PORT',
  AIGW_FASTAPI__METRICS_HOST: 'PENSTOCK_METRICS_HOST',
  AIGW_FASTAPI__METRICS_PORT: 'PENSTOCK_METRICS_PORT',
  http_proxy: 'HTTP_PROXY',
  https_proxy: 'HTTPS_PROXY',
  no_proxy: 'NO_PROXY',
}

/** The upstream image's own words for severities. */
const logLevels: Record<string, string> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  WARN: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
}

/** Variables of the upstream image that Penstock has another place for, or no use: said at the start, so that nobody relies on them. */
const movedVariables: Record<string, string> = {
  AIGW_CUSTOM_MODELS__ENABLED: 'a request only ever selects a model of the configuration',
  AIGW_CUSTOM_MODELS__DISABLE_STREAMING: "set the node's backend to {kind: openai, stream: false} in the configuration",
  AIGW_CUSTOM_MODELS__EXTRA_HEADERS: 'nodes get no headers but ours; set their credential in the configuration',
  AIGW_DUO_CHAT__MAX_TOKENS: 'output limits belong to the prompts',
  AIGW_DUO_CHAT__MODEL_REQUEST_TIMEOUT: 'set firstByteMs and totalMs of the features in the configuration',
  AIGW_LOGGING__ENABLE_REQUEST_LOGGING: 'prompts and answers are never logged',
  AIGW_MOCK_MODEL_RESPONSES: 'use penstock-sim nodes',
  AIGW_MTLS__ENABLED: 'client certificates for nodes are not supported',
  WEB_CONCURRENCY: 'start more replicas instead',
  DISABLE_AI_GATEWAY: 'do not start the ingress instead',
}

/** Switches of the upstream image that turn authentication off. Penstock has none, and says so rather than ignore them. */
const bypasses = [
  'AIGW_AUTH__BYPASS_EXTERNAL',
  'AIGW_AUTH__BYPASS_EXTERNAL_WITH_HEADER',
  'AIGW_AUTH__BYPASS_JWT_SIGNATURE',
]
const isOn = (value: string | undefined): boolean => value !== undefined && /^(true|1|yes|on)$/i.test(value.trim())

/** `environment` is kept whole for credential references such as `env:NAME`. */
export type IngressConfig = z.infer<typeof variables> & {
  environment: Environment
  /** What to tell about variables that have no effect here. */
  readonly hints: readonly string[]
}

/** Throws an error that names every bad variable, and every switch that Penstock refuses. */
export const loadConfig = (environment: Environment): IngressConfig => {
  const refused = bypasses.filter((name) => isOn(environment[name]))
  if (refused.length > 0) {
    throw new EnvironmentError(
      refused.map(
        (name) =>
          `${name} is set: Penstock never turns authentication off. Unset it; for trying things out, npm start runs its own token issuer`,
      ),
    )
  }
  const renamed = { ...environment }
  for (const [alias, name] of Object.entries(aliases)) renamed[name] ||= environment[alias]
  // An empty portal URL is how offline instances switch the second issuer off.
  if (environment['AIGW_CUSTOMER_PORTAL_URL'] === '') renamed['AIGW_CUSTOMER_PORTAL_URL'] = 'none'
  renamed['PENSTOCK_LOG_LEVEL'] ||= logLevels[environment['AIGW_LOGGING__LEVEL']?.toUpperCase() ?? '']
  if (isOn(environment['AIGW_FASTAPI__TLS__ENABLED'])) {
    renamed['PENSTOCK_TLS_CERT_FILE'] ||= environment['AIGW_FASTAPI__TLS__CERT_FILE']
    renamed['PENSTOCK_TLS_KEY_FILE'] ||= environment['AIGW_FASTAPI__TLS__KEY_FILE']
    if (!renamed['PENSTOCK_TLS_CERT_FILE'])
      throw new EnvironmentError([
        'AIGW_FASTAPI__TLS__ENABLED is set: AIGW_FASTAPI__TLS__CERT_FILE must name a PEM file',
      ])
  }
  const config = readEnvironment(variables, renamed)
  if ((config.PENSTOCK_TLS_CERT_FILE === undefined) !== (config.PENSTOCK_TLS_KEY_FILE === undefined))
    throw new EnvironmentError(['PENSTOCK_TLS_CERT_FILE and PENSTOCK_TLS_KEY_FILE must be set together'])
  const hints = Object.entries(movedVariables)
    .filter(([name]) => environment[name] !== undefined && environment[name] !== '')
    .map(([name, hint]) => `${name} has no effect: ${hint}`)
  return Object.freeze({ ...config, hints, environment })
}
