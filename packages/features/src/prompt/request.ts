import { z } from 'zod'
import { issuesOf, issuesWithin } from '../gitlab/body-issue.ts'
import type { BodyIssue } from '../gitlab/body-issue.ts'
import { parseModelMetadata } from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import { spelledDate } from './spelled-date.ts'
import type { PromptFeature, PromptInput } from './prompt-feature.ts'

const Body = z.object({
  inputs: z.record(z.string(), z.unknown()),
  prompt_version: z.string().max(255).nullish(),
  stream: z.boolean().nullish(),
  model_metadata: z.unknown().optional(),
})

export interface PromptRequest {
  readonly inputs: Readonly<Record<string, unknown>>
  /** A version constraint as Poetry spells them. */
  readonly version: string
  readonly stream: boolean
  readonly model: NamedModel
  readonly raw: boolean
}

export type ParsedPromptRequest =
  | { readonly ok: true; readonly request: PromptRequest }
  | { readonly ok: false; readonly issues: readonly BodyIssue[] }

/** Validates a body of `/v1/prompts/{id}` or `/v2/prompts/{id}`, whatever the prompt. */
export function parsePromptRequest(body: unknown): ParsedPromptRequest {
  const parsed = Body.safeParse(body)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const metadata = parseModelMetadata(parsed.data.model_metadata)
  if (!metadata.ok) return { ok: false, issues: issuesWithin('model_metadata', metadata.issues) }
  const { inputs, prompt_version: version, stream } = parsed.data
  const { model, raw } = metadata
  return { ok: true, request: { inputs, version: version ?? '^1.0.0', stream: stream ?? false, model, raw } }
}

const version = /v?\d+(\.(\d+|\*|x)){0,2}([-.]?(dev|alpha|beta|rc|a|b|post|pre)[-.\w]*)?(\+[\w.]+)?/.source
const clause = `(\\*|(\\^|~=?|[<>]=?|[!=]=|=)?\\s*${version})`
const constraint = new RegExp(`^\\s*${clause}(\\s*(,|\\|\\|?|\\s)\\s*${clause})*\\s*$`)

/** Whether GitLab's gateway would take it for a version constraint. All that are answer with the one prompt there is. */
export function isVersionConstraint(text: string): boolean {
  return text.length <= 64 && constraint.test(text)
}

export type ParsedInputs<I> =
  | { readonly ok: true; readonly input: PromptInput<I> }
  /** Names of inputs that are missing, or are nothing a template can show. */
  | { readonly ok: false; readonly missing: readonly string[]; readonly unusable: readonly string[] }

/** Reads the inputs a prompt needs. GitLab's gateway adds the date, formatted like `November 20, 2026`. */
export function parseInputs<I>(
  feature: PromptFeature<I>,
  { inputs, raw }: Pick<PromptRequest, 'inputs' | 'raw'>,
  nowMs: number,
): ParsedInputs<I> {
  const parsed = feature.inputs.safeParse({ current_date: spelledDate(nowMs), ...inputs })
  if (parsed.success) return { ok: true, input: { raw, inputs: parsed.data } }
  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'inputs')))]
  const isMissing = (name: string): boolean => inputs[name] === undefined
  return { ok: false, missing: names.filter(isMissing), unusable: names.filter((name) => !isMissing(name)) }
}
