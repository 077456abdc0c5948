import { z } from 'zod'
import { boundedText, trimmedText } from '../bounded-text.ts'
import {
  EndpointField,
  isRawIdentifier,
  modelFieldChars,
  namedModel,
  namesTextModel,
  unknownFamily,
} from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import type { CodeCompletionInput } from './input.ts'
import { languageOf } from './language.ts'

/** GitLab's gateway reads digits in a string as a number too; the numbers here are only counted or compared. */
const LaxInt = z.union([z.int(), z.string().regex(/^\s*[+-]?\d{1,18}\s*$/)])

const common = {
  project_path: trimmedText(255).nullish(),
  project_id: LaxInt.nullish(),
  current_file: z.object({
    file_name: trimmedText(255),
    language_identifier: boundedText(255).nullish(),
    content_above_cursor: boundedText(100_000),
    content_below_cursor: boundedText(100_000),
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

const PromptMessage = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })

/** Body of `/v2/code/completions`. Rails merges the editor's own body into it: unknown properties are normal and dropped. */
const Body = z.discriminatedUnion('prompt_version', [
  z.object({ prompt_version: z.literal(1), ...common }),
  z.object({ prompt_version: z.literal(2), prompt: z.string().nullish(), ...common }),
  z.object({ prompt_version: z.literal(3), prompt: z.array(PromptMessage).nullish(), ...common }),
])

export interface CodeCompletionRequest {
  readonly input: CodeCompletionInput
  readonly stream: boolean
  readonly model: NamedModel
  /** `model.engine` of the answer; null when the client names no provider. */
  readonly engine: string | null
  /** `model.lang` of the answer, '' when unknown. */
  readonly lang: string
}

export type CodeCompletionProblem =
  /** The body breaks its schema; the issues quote no values. */
  | { readonly kind: 'invalid_body'; readonly issues: readonly { readonly path: string; readonly message: string }[] }
  /** The model setting names a family that does not exist. `message` is safe for the client. */
  | { readonly kind: 'unknown_model'; readonly modelName: string; readonly message: string }

export type ParsedCodeCompletion =
  | { readonly ok: true; readonly request: CodeCompletionRequest }
  | { readonly ok: false; readonly problem: CodeCompletionProblem }

/** Validates a body of `/v2/code/completions`. Credentials in it are checked for length and dropped: nodes have their own. */
export function parseCodeCompletion(body: unknown): ParsedCodeCompletion {
  const parsed = Body.safeParse(withPromptVersion(body))
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
    return { ok: false, problem: { kind: 'invalid_body', issues } }
  }
  const file = parsed.data.current_file
  const { model_provider: provider, model_name: name } = parsed.data
  if (provider === 'litellm' && name && !namesTextModel(name))
    return {
      ok: false,
      problem: { kind: 'unknown_model', modelName: name, message: `model_name: ${unknownFamily(name)}` },
    }
  const { lang, promptLanguage } = languageOf(file.file_name, file.language_identifier ?? null)
  return {
    ok: true,
    request: {
      input: {
        prefix: file.content_above_cursor,
        suffix: file.content_below_cursor,
        fileName: file.file_name,
        language: promptLanguage,
        context: (parsed.data.context ?? []).map(({ content }) => content),
        project: parsed.data.project_path || (parsed.data.project_id?.toString().trim() ?? null),
        raw: isRawIdentifier(parsed.data.model_identifier),
      },
      stream: parsed.data.stream ?? false,
      model: modelOf(parsed.data),
      engine: provider ?? null,
      lang,
    },
  }
}

/** GitLab's own gateway insists on the version; without one the first is meant. */
function withPromptVersion(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return (body as Record<string, unknown>).prompt_version == null ? { ...body, prompt_version: 1 } : body
}

/** Providers other than `litellm` are clouds GitLab falls back to for unassigned features: the operator's default serves them. */
function modelOf(body: z.infer<typeof Body>): NamedModel {
  if (body.model_provider !== 'litellm') return { kind: 'default' }
  const { model_name: name, model_endpoint: endpoint, model_identifier: identifier } = body
  return namedModel({ family: name && namesTextModel(name) ? name : undefined, endpoint, identifier })
}
