import { familyNames, isFamily, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import { z } from 'zod'
import { boundedText } from '../bounded-text.ts'
import { issuesOf } from './body-issue.ts'
import type { BodyIssue } from './body-issue.ts'

/** How a client of GitLab's names the model: by the administrator's model settings, or not at all. */
export type NamedModel =
  | { readonly kind: 'default' }
  | { readonly kind: 'metadata'; readonly family?: Family; readonly endpoint?: string; readonly identifier?: string }

/** Limits of GitLab's gateway (contract http §6.1), characters. */
export const modelFieldChars = { name: 255, endpoint: 255, apiKey: 2000, identifier: 1000 } as const

/** An absolute http(s) URL. It is only ever compared with the configuration: nothing connects to it. */
export const EndpointField = boundedText(modelFieldChars.endpoint).refine(isHttpUrl, { error: 'not an http(s) URL' })

const ModelMetadata = z.object({
  provider: boundedText(modelFieldChars.name),
  name: boundedText(modelFieldChars.name).nullish(),
  endpoint: z.union([z.literal(''), EndpointField]).nullish(),
  api_key: boundedText(modelFieldChars.apiKey).nullish(),
  identifier: boundedText(modelFieldChars.identifier).nullish(),
  feature_setting: boundedText(modelFieldChars.name).nullish(),
  role_arn: boundedText(2048).nullish(),
})

/** Providers of GitLab's cloud: Penstock answers their requests with the operator's default model. */
const cloudProviders = ['gitlab', 'amazon_q', 'fireworks_ai', 'mistral']

export type ParsedModelMetadata =
  | {
      readonly ok: true
      readonly model: NamedModel
      /** As the client named it; null without metadata. */
      readonly provider: string | null
      /** The administrator's identifier asks for the node's raw text completion. */
      readonly raw: boolean
    }
  /** The issues quote no values. */
  | { readonly ok: false; readonly issues: readonly BodyIssue[] }

/**
 * Reads a body's `model_metadata`. Absent and null are the same: the operator's default. Anything else that is not valid is refused
 * rather than ignored, because another model would be a surprise. The key in it is checked for length and dropped: nodes have their own.
 */
export function parseModelMetadata(metadata: unknown): ParsedModelMetadata {
  if (metadata === undefined || metadata === null)
    return { ok: true, model: { kind: 'default' }, provider: null, raw: false }
  const parsed = ModelMetadata.safeParse(metadata)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const { provider, name, endpoint, identifier } = parsed.data
  const raw = isRawIdentifier(identifier)
  if (cloudProviders.includes(provider)) return { ok: true, model: { kind: 'default' }, provider, raw }
  if (name === undefined || name === null) return { ok: false, issues: [{ path: 'name', message: 'missing' }] }
  if (!namesTextModel(name)) return { ok: false, issues: [{ path: 'name', message: unknownFamily(name) }] }
  return { ok: true, model: namedModel({ family: name, endpoint, identifier }), provider, raw }
}

/** The model that these settings name; without any of them the default. */
export function namedModel(settings: {
  readonly family?: Family | undefined
  readonly endpoint?: string | null | undefined
  readonly identifier?: string | null | undefined
}): NamedModel {
  const named = {
    ...(settings.family === undefined ? {} : { family: settings.family }),
    ...(settings.endpoint ? { endpoint: settings.endpoint.replace(/\/$/, '') } : {}),
    ...(settings.identifier ? { identifier: settings.identifier } : {}),
  }
  return Object.keys(named).length === 0 ? { kind: 'default' } : { kind: 'metadata', ...named }
}

/** Whether the identifier opts into `/completions` (contract http §7.1). */
export function isRawIdentifier(identifier: string | null | undefined): boolean {
  return identifier?.startsWith('text-completion-openai/') ?? false
}

/** A family whose models write text. */
export function namesTextModel(name: string): name is Family {
  return isFamily(name) && traitsOf(name).generatesText
}

/** Safe for the client: repeats a model name, never an address. */
export function unknownFamily(name: string): string {
  return `unknown family ${JSON.stringify(name.slice(0, 64))}, expected one of ${familyNames.filter(namesTextModel).join(', ')}`
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
