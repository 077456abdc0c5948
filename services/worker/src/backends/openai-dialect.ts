import type { BackendConfig, NodeConfig } from '@penstock/config'
import { toWire } from '@penstock/models'
import type { WireCall, WireOptions } from '@penstock/models'
import type { BackendCall } from './backend.ts'

export interface DialectRequest extends Pick<WireCall, 'body' | 'stopStringsLeft'> {
  /** Below the node's base URL. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** How one kind of server wants OpenAI's API spoken. */
export interface OpenAiDialect {
  readonly continuesAnswers: boolean
  request(asked: BackendCall, credential: string | null): DialectRequest
}

type Of<K extends BackendConfig['kind']> = Extract<BackendConfig, { kind: K }>

/** vLLM, with the extensions of its version. */
export const vllmDialect = (profile: NodeConfig['profile']): OpenAiDialect => ({
  continuesAnswers: true,
  request: (asked, credential) => ({
    ...wireOf(asked, { profile, cacheSalt: asked.cacheSalt }),
    headers: bearer(credential),
  }),
})

/** Any other server: nothing beyond OpenAI's own API. */
export const plainDialect = ({ stream, maxTokensField }: Of<'openai'>): OpenAiDialect => ({
  continuesAnswers: false,
  request: (asked, credential) => ({
    ...wireOf(asked, { profile: 'openai', stream, maxTokensField }),
    headers: bearer(credential),
  }),
})

/** Azure OpenAI: the deployment is in the path, the key in a header of its own. */
export const azureDialect = ({ apiVersion, maxTokensField }: Of<'azure-openai'>): OpenAiDialect => ({
  continuesAnswers: false,
  request: (asked, credential) => {
    const { path, ...wire } = wireOf(asked, { profile: 'openai', maxTokensField })
    const place =
      apiVersion === 'v1'
        ? `/openai/v1${path}`
        : `/openai/deployments/${encodeURIComponent(asked.servedName)}${path}?api-version=${apiVersion}`
    return { ...wire, path: place, headers: { 'api-key': credential ?? '' } }
  },
})

const wireOf = ({ call, servedName, reasoning }: BackendCall, options: Omit<WireOptions, 'servedName' | 'reasoning'>) =>
  toWire(call, { servedName, reasoning, ...options })

const bearer = (credential: string | null): Record<string, string> =>
  credential === null ? {} : { authorization: `Bearer ${credential}` }
