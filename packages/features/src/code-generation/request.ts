import { z } from 'zod'
import { editorBody, projectOf, readEditorBody } from '../code-suggestions/editor-body.ts'
import type { EditorBodyProblem } from '../code-suggestions/editor-body.ts'
import { PromptMessage } from '../code-suggestions/editor-file.ts'
import { languageOf } from '../code-suggestions/language.ts'
import { defaultInstruction } from '../code-suggestions/request.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import type { CodeGenerationInput } from './input.ts'

const Body = z.discriminatedUnion('prompt_version', [
  z.object({ prompt_version: z.literal(1), ...editorBody }),
  z.object({ prompt_version: z.literal(2), prompt: z.string(), ...editorBody }),
  z.object({ prompt_version: z.literal(3), prompt: z.array(PromptMessage).min(1), ...editorBody }),
])

export interface CodeGenerationRequest {
  readonly input: CodeGenerationInput
  readonly stream: boolean
  readonly model: NamedModel
  readonly lang: string
}

export type ParsedCodeGeneration =
  | { readonly ok: true; readonly request: CodeGenerationRequest }
  | { readonly ok: false; readonly problem: EditorBodyProblem }

/**
 * Validates a body of `/v2/code/generations`, which GitLab before 17.6 asks. With a prompt id the prompt is ours and the text sent
 * is the task; without, and for lists of messages, the client's own words are the prompt.
 */
export function parseCodeGeneration(json: unknown): ParsedCodeGeneration {
  const read = readEditorBody(Body, json)
  if (!read.ok) return read
  const { body, model, raw } = read
  const file = body.current_file
  const prompt = 'prompt' in body ? body.prompt : null
  const task = typeof prompt === 'string' && prompt.trim() !== '' ? prompt : null
  const messages = Array.isArray(prompt)
    ? prompt
    : task !== null && !body.prompt_id
      ? [{ role: 'user' as const, content: task }]
      : null
  return {
    ok: true,
    request: {
      input: {
        above: file.content_above_cursor,
        below: file.content_below_cursor,
        fileName: file.file_name,
        language: file.language_identifier ?? '',
        instruction: task ?? defaultInstruction,
        examples: [],
        related: (body.context ?? []).map(({ content }) => content),
        libraries: [],
        messages,
        project: projectOf(body),
        raw,
      },
      stream: body.stream ?? false,
      model,
      lang: languageOf(file.file_name, file.language_identifier ?? null).lang,
    },
  }
}
