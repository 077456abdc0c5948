import { z } from 'zod'
import { boundedText } from '../bounded-text.ts'
import type { CodeCompletionInput } from '../code-completion/input.ts'
import type { CodeGenerationInput } from '../code-generation/input.ts'
import { issuesOf, issuesWithin } from '../gitlab/body-issue.ts'
import type { BodyIssue } from '../gitlab/body-issue.ts'
import { parseModelMetadata } from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import { FileName, LanguageIdentifier, LaxInt, PromptMessage, TextAbove, TextBelow } from './editor-file.ts'
import { languageOf } from './language.ts'

const common = {
  file_name: FileName,
  content_above_cursor: TextAbove,
  content_below_cursor: TextBelow,
  language_identifier: LanguageIdentifier,
  model_provider: z.enum(['vertex-ai', 'anthropic', 'amazon_q']).nullish(),
  model_name: z.string().nullish(),
  stream: z.boolean().nullish(),
  role_arn: z.string().nullish(),
}

const Enhancer = z.object({
  examples_array: z.array(z.object({ example: z.string(), response: z.string() })).nullish(),
  trimmed_content_above_cursor: z.string().nullish(),
  trimmed_content_below_cursor: z.string().nullish(),
  related_files: z.array(z.string()).nullish(),
  related_snippets: z.array(z.string()).nullish(),
  libraries: z.array(z.string()).nullish(),
  user_instruction: z.string().nullish(),
})

const metadata = z.object({ source: boundedText(255).nullish(), version: boundedText(255).nullish() }).nullish()

const Component = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('code_editor_completion'),
    payload: z.object({
      ...common,
      choices_count: LaxInt.nullish(),
      prompt: z.union([z.string(), z.array(PromptMessage)]).nullish(),
    }),
    metadata,
  }),
  z.object({
    type: z.literal('code_editor_generation'),
    payload: z.object({
      ...common,
      prompt: boundedText(400_000).nullish(),
      prompt_id: z.string().nullish(),
      /** GitLab's gateway knows a few; ours answers any. */
      prompt_version: z.string().nullish(),
      prompt_enhancer: Enhancer.nullish(),
    }),
    metadata,
  }),
  z.object({
    type: z.literal('code_context'),
    payload: z.object({ type: boundedText(1024), name: boundedText(1024), content: boundedText(100_000) }),
    metadata,
  }),
])

const Body = z.object({
  prompt_components: z.array(Component).min(1).max(100),
  project_path: z.string().nullish().catch(null),
})

interface SuggestionBase {
  readonly stream: boolean
  readonly model: NamedModel
  /** As `model_metadata` names it; null without. */
  readonly provider: string | null
  /** `model.lang` of the answer, '' when unknown. */
  readonly lang: string
}

export type SuggestionRequest =
  | (SuggestionBase & { readonly kind: 'completion'; readonly input: CodeCompletionInput })
  | (SuggestionBase & { readonly kind: 'generation'; readonly input: CodeGenerationInput })

export type ParsedSuggestion =
  | { readonly ok: true; readonly request: SuggestionRequest }
  | { readonly ok: false; readonly issues: readonly BodyIssue[] }

export interface SuggestionOptions {
  /** The editor's language server is new enough to send `code_context` on purpose. */
  readonly useContext: boolean
}

/**
 * Validates a body of `/v3/code/completions` or `/v4/code/suggestions`. Rails merges the editor's own body into it: unknown
 * properties are normal and dropped. The first component decides what is asked.
 */
export function parseSuggestion(body: unknown, options: SuggestionOptions): ParsedSuggestion {
  const parsed = Body.safeParse(body)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const named = parseModelMetadata((body as { model_metadata?: unknown }).model_metadata)
  if (!named.ok) return { ok: false, issues: issuesWithin('model_metadata', named.issues) }
  const [first, ...others] = parsed.data.prompt_components
  if (first === undefined || first.type === 'code_context')
    return {
      ok: false,
      issues: [{ path: 'prompt_components.0.type', message: 'must be a completion or a generation' }],
    }
  const { payload } = first
  const { lang, promptLanguage } = languageOf(payload.file_name, payload.language_identifier ?? null)
  const base = { stream: payload.stream ?? false, model: named.model, provider: named.provider, lang }
  const project = parsed.data.project_path || null
  if (first.type === 'code_editor_generation')
    return {
      ok: true,
      request: { ...base, kind: 'generation', input: generationInput(first.payload, project, named.raw) },
    }
  const context = others.flatMap((component) => (component.type === 'code_context' ? [component.payload.content] : []))
  return {
    ok: true,
    request: {
      ...base,
      kind: 'completion',
      input: {
        prefix: payload.content_above_cursor,
        suffix: payload.content_below_cursor,
        fileName: payload.file_name,
        language: promptLanguage,
        context: options.useContext ? context : [],
        project,
        raw: named.raw,
      },
    },
  }
}

/** What is asked when nobody says: the comment or the beginning above the cursor does. */
export const defaultInstruction = 'Write the code that the text right before the cursor asks for or begins.'

type GenerationPayload = Extract<z.infer<typeof Component>, { type: 'code_editor_generation' }>['payload']

function generationInput(payload: GenerationPayload, project: string | null, raw: boolean): CodeGenerationInput {
  const enhancer = payload.prompt_enhancer ?? {}
  const ownPrompt = !payload.prompt_id && payload.prompt ? payload.prompt : null
  return {
    above: enhancer.trimmed_content_above_cursor ?? payload.content_above_cursor,
    below: enhancer.trimmed_content_below_cursor ?? payload.content_below_cursor,
    fileName: payload.file_name,
    language: payload.language_identifier ?? '',
    instruction: enhancer.user_instruction?.trim() || defaultInstruction,
    examples: enhancer.examples_array ?? [],
    related: [...(enhancer.related_files ?? []), ...(enhancer.related_snippets ?? [])],
    libraries: enhancer.libraries ?? [],
    messages: ownPrompt === null ? null : [{ role: 'user', content: ownPrompt }],
    project,
    raw,
  }
}
