import { randomBytes } from 'node:crypto'
import type { Server as TlsServer } from 'node:tls'
import { openAuditLog } from '@penstock/audit-chain'
import { connectBus } from '@penstock/bus'
import { followConfig } from '@penstock/config'
import { IngressId, workerBeat } from '@penstock/contracts'
import { DocsSearch } from '@penstock/docs-search'
import { applyOutgoing, credentialReader, startMetricsServer } from '@penstock/runtime'
import type { Logger, RunningService, Shell } from '@penstock/runtime'
import { describeSourceTrouble, SourceStates } from '@penstock/scheduling'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { shipRecords } from './adapters/audit-shipper.ts'
import { trailOn } from './adapters/audit-trail.ts'
import { serveDesk } from './adapters/bus-inbound.ts'
import { outsideOverBus } from './adapters/bus-outside.ts'
import { createAuthenticate, createTokenVerifier, createUserTokenIssuer, KeyStore, keyedDigest } from './auth/index.ts'
import type { IngressConfig } from './config.ts'
import { defaultLifeLimits } from './core/limits.ts'
import { Desk } from './desk.ts'
import { leavingFeatures } from './relay/elsewhere.ts'
import { Relay } from './relay/relay.ts'
import { createHttpApp } from './http/app.ts'
import { createHttpMetrics } from './http/http-metrics.ts'
import { followTls, readTls } from './http/tls-files.ts'
import type { TlsFiles } from './http/tls-files.ts'
import { timeLimitsOf } from './time-limits.ts'

const mebibyte = 1024 ** 2
/** Largest end record: identifiers and counts, never content. */
const endRecordBytesMax = 2048
const auditSegmentBytes = 8 * mebibyte
/** Promise P5: beyond it the connection is cut rather than ended cleanly. */
const recordWithinMs = 2000

const monotonic = (): number => performance.now()

/** Composition root of the ingress: audit log first, because no request may go unrecorded; the API listener last. */
export const startIngress = async (
  config: IngressConfig,
  { log, tracing, instance, stop }: Shell,
): Promise<RunningService> => {
  applyOutgoing(config)
  for (const hint of config.hints) log.warn({}, hint)
  await using held = new AsyncDisposableStack()
  const audit = held.use(
    await openAuditLog({
      dir: config.PENSTOCK_AUDIT_DIR,
      capacityBytes: config.PENSTOCK_AUDIT_CAPACITY_BYTES,
      segmentBytes: auditSegmentBytes,
      endRecordBytesMax,
      clock: Date.now,
    }),
  )
  const bus = held.use(await connectBus(config, { instance, log }))
  const shipping = new AbortController()
  const shipped = shipRecords(audit, bus, log, shipping.signal)
  held.defer(() => {
    shipping.abort()
    return shipped
  })
  const followed = held.use(
    await followConfig({ redisUrl: config.REDIS_URL, keyPrefix: config.PENSTOCK_PREFIX, instance }, log),
  )
  await followed.ready
  const ingress = IngressId.parse(`i-${randomBytes(6).toString('hex')}`)
  const trail = trailOn(audit)
  const desk = held.use(
    new Desk(
      { ingress, limits: defaultLifeLimits, requestsMax: config.PENSTOCK_REQUESTS_MAX, recordWithinMs },
      {
        outside: outsideOverBus(bus, ingress),
        trail,
        log,
        tracing,
        now: monotonic,
        wallClock: Date.now,
        timeLimits: (intake) => timeLimitsOf(intake, followed.current()),
      },
    ),
  )
  held.use(serveDesk(bus, desk, { ingress, instance, log, configVersion: () => followed.current()?.version ?? 0 }))

  const sources = new SourceStates()
  bus.subscribe(workerBeat, [], ({ message }) => sources.heard(message, monotonic()))
  const keys = held.use(openKeys(config, log))
  const serviceName = config.AIGW_CLOUD_CONNECTOR_SERVICE_NAME
  const tlsFiles = tlsFilesOf(config)
  const signingKey = config.AIGW_SELF_SIGNED_JWT__SIGNING_KEY
  const digest = keyedDigest(config.PENSTOCK_PRINCIPAL_SECRET ?? randomBytes(32))
  const registry = registryOf(desk)
  const app = createHttpApp(
    {
      bodyBudgetBytes: config.PENSTOCK_BODY_BUDGET_BYTES,
      drainNoticeMs: config.PENSTOCK_DRAIN_NOTICE_MS,
      ...(tlsFiles === null ? {} : { tls: readTls(tlsFiles) }),
    },
    {
      desk,
      digest,
      log,
      events: createHttpMetrics(registry),
      config: () => followed.current(),
      relay: new Relay({
        trail,
        log,
        readCredential: credentialReader(config.environment),
        timeLimits: (intake) => timeLimitsOf(intake, followed.current()),
        recordWithinMs,
        now: monotonic,
      }),
      authenticate: createAuthenticate(
        { serviceName },
        { verifyToken: createTokenVerifier({ audience: serviceName }, { keys, now: Date.now }), digest },
      ),
      issueToken: signingKey === undefined ? null : createUserTokenIssuer({ serviceName, signingKey }),
      docs:
        config.PENSTOCK_DOCS_INDEX === undefined
          ? null
          : held.use(await DocsSearch.open({ file: config.PENSTOCK_DOCS_INDEX })),
      readiness: () => {
        const reasons = [
          ...(keys.ready ? [] : ['no key set of an issuer was fetched yet']),
          ...(bus.connected ? [] : ['the bus is away']),
          ...(stop.aborted ? ['draining'] : []),
        ]
        const warnings = sources.worst(monotonic()).flatMap((state) => describeSourceTrouble(state) ?? [])
        return { ready: reasons.length === 0, reasons, warnings, leavesDomain: leavingFeatures(followed.current()) }
      },
      now: Date.now,
      monotonic,
    },
  )
  held.defer(() => app.close())
  if (tlsFiles !== null) held.use(followTls(tlsFiles, app.server as unknown as TlsServer, log))
  const metrics = held.use(
    await listening(
      startMetricsServer({ host: config.PENSTOCK_METRICS_HOST, port: config.PENSTOCK_METRICS_PORT }, registry),
      'PENSTOCK_METRICS_PORT',
    ),
  )
  const address = await listening(
    app.listen({ host: config.PENSTOCK_API_HOST, port: config.PENSTOCK_API_PORT }),
    'PENSTOCK_API_PORT',
  )
  const kept = held.move()
  return {
    readyInfo: { ingress, address, metrics_port: metrics.port },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const tlsFilesOf = ({
  PENSTOCK_TLS_CERT_FILE: certFile,
  PENSTOCK_TLS_KEY_FILE: keyFile,
}: IngressConfig): TlsFiles | null => (certFile === undefined || keyFile === undefined ? null : { certFile, keyFile })

const registryOf = (desk: Desk): Registry => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'penstock_requests_in_flight',
    help: 'Requests that this ingress owns',
    registers: [registry],
    collect() {
      this.set(desk.size)
    },
  })
  return registry
}

const openKeys = (config: IngressConfig, log: Logger): KeyStore => {
  const { AIGW_GITLAB_URL: gitlab, AIGW_CUSTOMER_PORTAL_URL: portal } = config
  const keys = new KeyStore(
    {
      issuerUrls: portal === 'none' ? [gitlab] : [gitlab, portal],
      serviceName: config.AIGW_CLOUD_CONNECTOR_SERVICE_NAME,
      signingKey: config.AIGW_SELF_SIGNED_JWT__SIGNING_KEY,
      validationKey: config.AIGW_SELF_SIGNED_JWT__VALIDATION_KEY,
    },
    { log, now: monotonic },
  )
  keys.start()
  return keys
}

/** A port that is taken is the commonest reason for a failing start: say which variable moves it. */
const listening = async <T>(started: Promise<T>, variable: string): Promise<T> => {
  try {
    return await started
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) {
      throw new Error(`${error.message}: set ${variable} to another port`, { cause: error })
    }
    throw error
  }
}
