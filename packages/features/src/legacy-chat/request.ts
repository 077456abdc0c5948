import { z } from 'zod'
import { boundedText } from '../bounded-text.ts'
import {
  EndpointField,
  isRawIdentifier,
  modelFieldChars,
  namedModel,
  namesTextModel,
  unknownFamily,
} from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import { issuesOf } from '../gitlab/body-issue.ts'
import type { BodyIssue } from '../gitlab/body-issue.ts'
import type { LegacyChatInput } from './input.ts'

/** Scope that each of the chats asks for (contract http §5). */
export const legacyChatNames: Readonly<Record<string, readonly string[]>> = {
  agent: ['duo_chat', 'duo_classic_chat'],
  explain_code: ['duo_chat', 'duo_classic_chat'],
  write_tests: ['duo_chat', 'duo_classic_chat'],
  refactor_code: ['duo_chat', 'duo_classic_chat'],
  explain_vulnerability: ['explain_vulnerability'],
  summarize_comments: ['summarize_comments'],
  troubleshoot_job: ['troubleshoot_job'],
}

const Message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: boundedText(400_000) })

const Payload = z.object({
  content: z.union([boundedText(400_000), z.array(Message).min(1).max(100)]),
  provider: z.enum(['anthropic', 'litellm']).nullish(),
  model: boundedText(modelFieldChars.name).nullish(),
  params: z
    .object({
      stop_sequences: z.array(boundedText(225)).min(1).max(10).nullish(),
      temperature: z.number().min(0).max(1).nullish(),
      max_tokens_to_sample: z.int().min(1).max(8192).nullish(),
    })
    .nullish(),
  model_endpoint: z.union([z.literal(''), EndpointField]).nullish(),
  model_api_key: boundedText(modelFieldChars.apiKey).nullish(),
  model_identifier: boundedText(modelFieldChars.identifier).nullish(),
})

const Component = z.object({
  type: boundedText(100),
  metadata: z.object({ source: boundedText(100), version: boundedText(100) }),
  payload: Payload,
})

const Body = z.object({
  prompt_components: z.array(Component).min(1).max(1),
  stream: z.boolean().nullish(),
})

export interface LegacyChatRequest {
  readonly input: LegacyChatInput
  readonly stream: boolean
  readonly model: NamedModel
  readonly provider: string | null
  /** As the client named it. */
  readonly modelName: string | null
}

export type ParsedLegacyChat =
  | { readonly ok: true; readonly request: LegacyChatRequest }
  | { readonly ok: false; readonly issues: readonly BodyIssue[] }

/** Validates a body of `/v1/chat/{name}` (contract http §8.6). The caller wrote the prompt; sampling is GitLab's for self-hosted models. */
export function parseLegacyChat(body: unknown): ParsedLegacyChat {
  const parsed = Body.safeParse(body)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const payload = parsed.data.prompt_components[0]?.payload
  if (payload === undefined) return { ok: false, issues: [{ path: 'prompt_components', message: 'empty' }] }
  const { content, provider, model: name, model_endpoint: endpoint, model_identifier: identifier } = payload
  const isSelfHosted = provider === 'litellm'
  if (isSelfHosted && name && !namesTextModel(name))
    return { ok: false, issues: [{ path: 'prompt_components.0.payload.model', message: unknownFamily(name) }] }
  return {
    ok: true,
    request: {
      input: {
        messages: typeof content === 'string' ? [{ role: 'user', content }] : content,
        raw: isRawIdentifier(identifier),
      },
      stream: parsed.data.stream ?? false,
      // Anthropic's models are GitLab's cloud's: the operator's default answers for them.
      model: isSelfHosted
        ? namedModel({ family: name && namesTextModel(name) ? name : undefined, endpoint, identifier })
        : { kind: 'default' },
      provider: provider ?? null,
      modelName: name ?? null,
    },
  }
}

export function legacyChatResponse(
  text: string,
  { provider, modelName }: Pick<LegacyChatRequest, 'provider' | 'modelName'>,
  nowMs: number,
) {
  return { response: text, metadata: { provider, model: modelName, timestamp: Math.floor(nowMs / 1000) } }
}
