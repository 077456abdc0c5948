import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startLocalStack } from '@penstock/local-stack'

/** An ingress of the stack, started for the settings that a fixture asks for. */
export interface ConformanceIngress {
  readonly instance: string
  readonly apiUrl: string
}

/** Gives each fixture an ingress with its environment. The one without further settings runs throughout, of the others one at a time. */
export interface IngressByEnv extends AsyncDisposable {
  /** Those that run. */
  readonly instances: readonly string[]
  /** Throws when it does not start. With `ready`, waits until it says that it is. */
  open(env: Readonly<Record<string, string>>, options: { ready: boolean }): Promise<ConformanceIngress>
}

export interface IngressByEnvOptions {
  readonly natsUrl: string
  readonly redisUrl: string
  /** Holds logs and audit logs. */
  readonly dataDir: string
  /** Set for every ingress. */
  readonly env: Readonly<Record<string, string>>
}

type Running = ConformanceIngress & AsyncDisposable

const projectRoot = resolve(import.meta.dirname, '../..')
const readyWithinMs = 20_000

export const ingressByEnv = (options: IngressByEnvOptions): IngressByEnv => {
  let count = 0
  let plain: Running | null = null
  let special: { key: string; ingress: Running } | null = null

  const start = async (env: Readonly<Record<string, string>>): Promise<Running> => {
    const instance = `conformance-ingress-${++count}`
    const dataDir = join(options.dataDir, instance)
    await mkdir(dataDir, { recursive: true })
    const stack = await startLocalStack({
      projectRoot,
      dataDir,
      natsUrl: options.natsUrl,
      redisUrl: options.redisUrl,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      services: [
        {
          name: instance,
          entry: join(projectRoot, 'services/ingress/src/main.ts'),
          readyWithinMs,
          env: {
            PENSTOCK_API_HOST: '127.0.0.1',
            PENSTOCK_API_PORT: '0',
            PENSTOCK_METRICS_HOST: '127.0.0.1',
            PENSTOCK_METRICS_PORT: '0',
            PENSTOCK_AUDIT_DIR: join(dataDir, 'audit'),
            ...options.env,
            ...env,
          },
        },
      ],
    })
    const apiUrl = String(stack.process(instance).readyInfo?.['address'])
    return { instance, apiUrl, [Symbol.asyncDispose]: () => stack.stop() }
  }

  const running = async (env: Readonly<Record<string, string>>): Promise<Running> => {
    const key = JSON.stringify(env)
    if (key === '{}') return (plain ??= await start(env))
    if (special?.key === key) return special.ingress
    await special?.ingress[Symbol.asyncDispose]()
    special = null
    const ingress = await start(env)
    special = { key, ingress }
    return ingress
  }

  return {
    get instances() {
      return [plain, special?.ingress].flatMap((ingress) => ingress?.instance ?? [])
    },
    async open(env, { ready }) {
      const ingress = await running(env)
      if (ready) await untilReady(ingress.apiUrl)
      return ingress
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([plain?.[Symbol.asyncDispose](), special?.ingress[Symbol.asyncDispose]()])
    },
  }
}

const untilReady = async (apiUrl: string): Promise<void> => {
  const mustBeAt = performance.now() + readyWithinMs
  for (;;) {
    const said = await fetch(`${apiUrl}/monitoring/ready`, { signal: AbortSignal.timeout(2000) }).then(
      async (response) => (response.ok ? null : `${response.status} ${await response.text()}`),
      (error: unknown) => String(error),
    )
    if (said === null) return
    if (performance.now() > mustBeAt) throw new Error(`the ingress is not ready after ${readyWithinMs} ms: ${said}`)
    await delay(50)
  }
}
