import { z } from 'zod'
import { issuesOf, issuesWithin } from '../gitlab/body-issue.ts'
import type { BodyIssue } from '../gitlab/body-issue.ts'
import { parseModelMetadata } from '../gitlab/model-metadata.ts'
import type { NamedModel } from '../gitlab/model-metadata.ts'
import type { ChatStep, ChatTurn } from './input.ts'

const Text = z.string().nullish()

const Context = z.union([
  z.object({ type: z.enum(['issue', 'epic', 'merge_request', 'commit', 'work_item']), title: z.string() }),
  z.object({ type: z.string(), content: z.string() }),
  z.object({ type: z.literal('build') }),
])

const Step = z.object({
  action: z.object({ thought: Text, tool: Text, tool_input: z.unknown().optional() }),
  observation: Text,
})

const Message = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: Text,
  context: Context.nullish(),
  current_file: z.object({ file_path: Text, data: Text, selected_code: z.boolean().nullish() }).nullish(),
  additional_context: z
    .array(z.object({ category: z.string().max(255), id: Text, content: Text, metadata: z.unknown().optional() }))
    .nullish(),
  agent_scratchpad: z.array(Step).nullish(),
})
type Message = z.infer<typeof Message>

const LegacyStep = z.object({ thought: Text, tool: Text, tool_input: z.unknown().optional(), observation: Text })

const Body = z.object({
  messages: z.array(Message).min(1),
  options: z.object({ agent_scratchpad: z.object({ steps: z.array(LegacyStep).nullish() }).nullish() }).nullish(),
  unavailable_resources: z.array(z.string()).nullish(),
  model_metadata: z.unknown().optional(),
})

export interface ChatRequest {
  readonly turns: readonly ChatTurn[]
  readonly steps: readonly ChatStep[]
  readonly unavailable: readonly string[]
  /** Categories of the additional context of all messages. */
  readonly contextCategories: readonly string[]
  /** A message that is no assistant's brings steps of one. */
  readonly misplacedSteps: boolean
  /** Why no model can be asked this, for the client; null: it can. */
  readonly unusable: string | null
  readonly model: NamedModel
  readonly raw: boolean
}

export type ParsedChat =
  | { readonly ok: true; readonly request: ChatRequest }
  | { readonly ok: false; readonly issues: readonly BodyIssue[] }

/** Validates a body of `/v2/chat/agent` (contract http §8.5.1). */
export function parseChat(body: unknown): ParsedChat {
  const parsed = Body.safeParse(body)
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error) }
  const metadata = parseModelMetadata(parsed.data.model_metadata)
  if (!metadata.ok) return { ok: false, issues: issuesWithin('model_metadata', metadata.issues) }
  const { messages, options, unavailable_resources: unavailable } = parsed.data
  const last = messages.at(-1)
  const goesOn = last?.role === 'assistant' && last.content == null
  const told = goesOn ? messages.slice(0, -1) : messages
  const ownSteps = goesOn ? stepsOf(last) : (options?.agent_scratchpad?.steps ?? []).map(stepOf)
  return {
    ok: true,
    request: {
      turns: told.filter(({ role }) => role !== 'system').map(turnOf),
      steps: ownSteps,
      unavailable: unavailable ?? [],
      contextCategories: [
        ...new Set(messages.flatMap((message) => (message.additional_context ?? []).map(({ category }) => category))),
      ],
      misplacedSteps: messages.some(({ role, agent_scratchpad: steps }) => role !== 'assistant' && steps != null),
      unusable: problemOf(told),
      model: metadata.model,
      raw: metadata.raw,
    },
  }
}

/** GitLab's gateway fails on these in the middle of its stream. */
function problemOf(messages: readonly Message[]): string | null {
  if (messages.some(({ role }) => role === 'system')) return 'a message of role system is not supported'
  if (messages.at(-1)?.role !== 'user' || !messages.at(-1)?.content)
    return 'the last message with content must be from the user'
  return null
}

function turnOf(message: Message): ChatTurn {
  const { role, content, context, current_file: file, additional_context: items } = message
  return {
    role: role === 'assistant' ? 'assistant' : 'user',
    content: content ?? '',
    page: pageOf(context),
    file: file?.data ? { path: file.file_path ?? '', data: file.data, selected: file.selected_code ?? false } : null,
    context: (items ?? []).map(({ category, id, content: text }) => ({ category, id: id ?? '', content: text ?? '' })),
    steps: stepsOf(message),
  }
}

function pageOf(context: Message['context']): string {
  if (context == null) return ''
  const kind = context.type.replaceAll('_', ' ')
  if ('title' in context) return `${kind}: ${context.title}`
  return 'content' in context ? `${kind}\n${context.content}` : kind
}

function stepsOf({ agent_scratchpad: steps }: Message): ChatStep[] {
  return (steps ?? []).map(({ action, observation }) => stepOf({ ...action, observation }))
}

function stepOf({ thought, tool, tool_input: input, observation }: z.infer<typeof LegacyStep>): ChatStep {
  return {
    thought: (thought ?? '').replaceAll('\\_', '_'),
    tool: (tool ?? '').replaceAll('\\_', '_'),
    toolInput: typeof input === 'string' ? input : JSON.stringify(input ?? ''),
    observation: observation ?? '',
  }
}

/** Categories that GitLab guards by a scope each; any other, such as `user_rule`, is only text (contract http §8.5.1). */
const guardedCategories = new Set([
  'file',
  'snippet',
  'merge_request',
  'issue',
  'dependency',
  'local_git',
  'terminal',
  'repository',
  'directory',
  'os_information',
  'agent_user_environment',
])

/** The scope that the request's context asks for and the token lacks; null: none. */
export function missingContextScope(
  { contextCategories }: Pick<ChatRequest, 'contextCategories'>,
  scopes: ReadonlySet<string>,
): string | null {
  const needed = contextCategories
    .filter((category) => guardedCategories.has(category))
    .map((category) => `include_${category}_context`)
  return needed.find((scope) => !scopes.has(scope)) ?? null
}
