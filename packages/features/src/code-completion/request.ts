import { z } from 'zod'
import { editorBody, projectOf, readEditorBody } from '../code-suggestions/editor-body.ts'
import type { EditorBodyProblem } from '../code-suggestions/editor-body.ts'
import { PromptMessage } from '../code-suggestions/editor-file.ts'
import { languageOf } from '../code-suggestions/language.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import type { CodeCompletionInput } from './input.ts'

/** Body of `/v2/code/completions`. Rails merges the editor's own body into it: unknown properties are normal and dropped. */
const Body = z.discriminatedUnion('prompt_version', [
  z.object({ prompt_version: z.literal(1), ...editorBody }),
  z.object({ prompt_version: z.literal(2), prompt: z.string().nullish(), ...editorBody }),
  z.object({ prompt_version: z.literal(3), prompt: z.array(PromptMessage).nullish(), ...editorBody }),
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

export type ParsedCodeCompletion =
  | { readonly ok: true; readonly request: CodeCompletionRequest }
  | { readonly ok: false; readonly problem: EditorBodyProblem }

/** Validates a body of `/v2/code/completions`. */
export function parseCodeCompletion(json: unknown): ParsedCodeCompletion {
  const read = readEditorBody(Body, json)
  if (!read.ok) return read
  const { body, model, raw } = read
  const file = body.current_file
  const { lang, promptLanguage } = languageOf(file.file_name, file.language_identifier ?? null)
  return {
    ok: true,
    request: {
      input: {
        prefix: file.content_above_cursor,
        suffix: file.content_below_cursor,
        fileName: file.file_name,
        language: promptLanguage,
        context: (body.context ?? []).map(({ content }) => content),
        project: projectOf(body),
        raw,
      },
      stream: body.stream ?? false,
      model,
      engine: body.model_provider ?? null,
      lang,
    },
  }
}
