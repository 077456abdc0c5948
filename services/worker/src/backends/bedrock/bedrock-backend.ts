import type * as bedrockRuntime from '@aws-sdk/client-bedrock-runtime'
import type { BedrockRuntimeClient, BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime'
import type { BackendConfig } from '@penstock/config'
import type { NodeReach } from '../../node-lookup.ts'
import type { Backend, BackendAnswer, BackendCall } from '../backend.ts'
import type { ReadCredential } from '../open-backend.ts'
import { ConverseReader } from './converse-reader.ts'
import { converseRequest } from './converse-request.ts'
import { judgeBedrockError } from './judge-error.ts'

export interface BedrockOptions {
  /** Name of the node, for the answer's end. */
  readonly node: string
  /** Bedrock's runtime endpoint, public or private: the only address asked. */
  readonly url: string
  readonly reach: NodeReach
  readonly backend: Extract<BackendConfig, { kind: 'bedrock' }>
  /** A Bedrock API key; null: see `accessKey`. */
  readonly apiKey: string | null
}

type Sdk = typeof bedrockRuntime
type Identity = Pick<BedrockRuntimeClientConfig, 'token' | 'authSchemePreference' | 'credentials'>

/** AWS Bedrock through its Converse API. The SDK is loaded at the first call: workers without such a node never pay for it. */
export class BedrockBackend implements Backend {
  readonly continuesAnswers = false
  readonly #options: BedrockOptions
  readonly #identity: Identity
  #client: Promise<{ sdk: Sdk; client: BedrockRuntimeClient }> | null = null

  /** Throws when a credential cannot be read. */
  constructor(options: BedrockOptions, readCredential: ReadCredential) {
    this.#options = options
    this.#identity = identityOf(options, readCredential)
  }

  async answer(asked: BackendCall): Promise<BackendAnswer> {
    const converse = converseRequest(asked.call, asked.servedName)
    if (converse.kind === 'unsupported') return { kind: 'trouble', trouble: converse }
    const reader = new ConverseReader(this.#options.node)
    let begun = false
    const { sdk, client } = await (this.#client ??= this.#open())
    try {
      const { stream } = await client.send(new sdk.ConverseStreamCommand(converse.request), {
        abortSignal: asked.signal,
      })
      for await (const event of stream ?? []) {
        const parts = reader.read(event)
        begun ||= parts.length > 0
        asked.onParts(parts)
        if (asked.signal.aborted) break
      }
    } catch (error) {
      return { kind: 'trouble', trouble: judgeBedrockError(error, begun) }
    }
    const end = reader.end()
    return end.kind === 'end' ? { kind: 'end', end } : { kind: 'trouble', trouble: end }
  }

  async close(): Promise<void> {
    const opened = await this.#client
    opened?.client.destroy()
  }

  async #open(): Promise<{ sdk: Sdk; client: BedrockRuntimeClient }> {
    const [sdk, { ClosingHandler }] = await Promise.all([
      import('@aws-sdk/client-bedrock-runtime'),
      import('./closing-handler.ts'),
    ])
    const client = new sdk.BedrockRuntimeClient({
      region: this.#options.backend.region,
      endpoint: this.#options.url,
      ...this.#identity,
      // Only the ingress retries.
      maxAttempts: 1,
      requestHandler: new ClosingHandler(this.#options.reach),
    })
    return { sdk, client }
  }
}

const identityOf = ({ backend, apiKey }: BedrockOptions, read: ReadCredential): Identity => {
  if (apiKey !== null) return { token: { token: apiKey }, authSchemePreference: ['httpBearerAuth'] }
  if (backend.accessKey === undefined) return {}
  const { id, secret, sessionToken } = backend.accessKey
  return {
    credentials: {
      accessKeyId: read(id),
      secretAccessKey: read(secret),
      ...(sessionToken === undefined ? {} : { sessionToken: read(sessionToken) }),
    },
  }
}
