import { z } from 'zod'
import { boundedText, trimmedText } from '../bounded-text.ts'
import { issuesOf } from '../gitlab/body-issue.ts'
import type { BodyIssue } from '../gitlab/body-issue.ts'
import {
  EndpointField,
  isRawIdentifier,
  modelFieldChars,
  namedModel,
  namesTextModel,
  unknownFamily,
} from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import { CursorText, FileName, LanguageIdentifier, LaxInt } from './editor-file.ts'

/** What bodies of `/v2/code/completions` and `/v2/code/generations` have in common. */
export const editorBody = {
  project_path: trimmedText(255).nullish(),
  project_id: LaxInt.nullish(),
  current_file: z.object({
    file_name: FileName,
    language_identifier: LanguageIdentifier,
    content_above_cursor: CursorText,
    content_below_cursor: CursorText,
  }),
  model_provider: z
    .enum(['anthropic', 'vertex-ai', 'litellm', 'codestral', 'fireworks_ai', 'amazon_q', 'gitlab'])
    .nullish(),
  model_name: trimmedText(50).nullish(),
  model_endpoint: z.union([z.literal(''), EndpointField]).nullish(),
  model_api_key: boundedText(modelFieldChars.apiKey).nullish(),
  model_identifier: boundedText(modelFieldChars.identifier).nullish(),
  telemetry: z
    .array(
      z.object({
        model_engine: boundedText(50).nullish(),
        model_name: boundedText(50).nullish(),
        lang: boundedText(50).nullish(),
        requests: LaxInt,
        accepts: LaxInt,
        errors: LaxInt,
      }),
    )
    .max(10)
    .nullish(),
  stream: z.boolean().nullish(),
  choices_count: LaxInt.nullish(),
  context: z
    .array(z.object({ type: boundedText(1024), name: boundedText(1024), content: boundedText(500_000) }))
    .max(100)
    .nullish(),
  prompt_id: z.string().nullish(),
  role_arn: z.string().nullish(),
}

const EditorBody = z.object(editorBody)
export type EditorBody = z.infer<typeof EditorBody>

export type EditorBodyProblem =
  /** The body breaks its schema. */
  | { readonly kind: 'invalid_body'; readonly issues: readonly BodyIssue[] }
  /** The model settings are none. `message` is safe for the client. */
  | { readonly kind: 'invalid_model'; readonly message: string }

export type ParsedEditorBody<B> =
  | { readonly ok: true; readonly body: B; readonly model: NamedModel; readonly raw: boolean }
  | { readonly ok: false; readonly problem: EditorBodyProblem }

/** Fields that make up the model: what is wrong with them is told to everybody (contract http §2.5). */
const modelFields = ['model_endpoint', 'model_api_key', 'model_identifier']

/** Reads a v2 body and its model settings. Credentials in it are checked for length and dropped: nodes have their own. */
export function readEditorBody<B extends EditorBody>(schema: z.ZodType<B>, json: unknown): ParsedEditorBody<B> {
  const parsed = schema.safeParse(withPromptVersion(json))
  if (!parsed.success) {
    const issues = issuesOf(parsed.error)
    if (!issues.every(({ path }) => modelFields.includes(path))) return refused({ kind: 'invalid_body', issues })
    return refused({
      kind: 'invalid_model',
      message: issues.map(({ path, message }) => `${path}: ${message}`).join('; '),
    })
  }
  const { model_provider: provider } = parsed.data
  const name = familyNamed(parsed.data.model_name)
  if (provider === 'litellm' && name && !namesTextModel(name))
    return refused({ kind: 'invalid_body', issues: [{ path: 'model_name', message: unknownFamily(name) }] })
  return {
    ok: true,
    body: parsed.data,
    model: modelOf(parsed.data),
    raw: isRawIdentifier(parsed.data.model_identifier),
  }
}

/** Path or id of the project that a file belongs to. */
export function projectOf(body: EditorBody): string | null {
  return body.project_path || (body.project_id?.toString().trim() ?? null)
}

/** Model names that GitLab's gateway takes for completions, though no family is called so. */
const datedNames: Readonly<Record<string, string>> = {
  'codestral-2501': 'codestral',
  'codestral-2508': 'codestral',
  'qwen2p5-coder-7b': 'qwen',
}

function familyNamed(name: string | null | undefined): string | null | undefined {
  return name && Object.hasOwn(datedNames, name) ? datedNames[name] : name
}

function refused(problem: EditorBodyProblem): { ok: false; problem: EditorBodyProblem } {
  return { ok: false, problem }
}

/** GitLab's own gateway insists on the version; without one the first is meant. */
function withPromptVersion(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return (body as Record<string, unknown>).prompt_version == null ? { ...body, prompt_version: 1 } : body
}

/** Providers other than `litellm` are clouds GitLab falls back to for unassigned features: the operator's default serves them. */
function modelOf(body: EditorBody): NamedModel {
  if (body.model_provider !== 'litellm') return { kind: 'default' }
  const { model_endpoint: endpoint, model_identifier: identifier } = body
  const name = familyNamed(body.model_name)
  return namedModel({ family: name && namesTextModel(name) ? name : undefined, endpoint, identifier })
}
