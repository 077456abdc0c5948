import { estimateTokens, textOf, traitsOf } from '@penstock/models'
import type { Family } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { ChatInput } from './input.ts'
import type { ChatTurn } from './input.ts'
import { chatMessages, nativeTools, tokensOf } from './messages.ts'
import type { ToolForm } from './messages.ts'

/** What the system prompt takes with all tools, tokens. */
const systemTokens = 1500

/** Output where no node limits it, tokens (contract features §1.3). */
const outputTokensMax = 8192
const llamaOutputTokensMax = 4096

/** Less output is not asked for: the node's refusal then says that the prompt is too long. */
const outputTokensMin = 1024

/** Enough of a question to tell conversations apart. */
const affinityCharsMax = 16_384

/** GitLab Duo Chat: one step of its loop, which either uses a tool that GitLab runs or answers. */
export const chat: Feature<ChatInput> = {
  name: 'chat',
  input: ChatInput,
  defaults: { lane: 'interactive', firstByteMs: 55_000, totalMs: 300_000 },
  about: {
    title: 'GitLab Duo Chat',
    endpoints: ['POST /v2/chat/agent'],
    promptId: 'chat/react',
    setting: 'duo_chat',
    unitPrimitives: ['duo_classic_chat', 'duo_chat'],
    promised: 'GA 17.9',
    promptVariants: ['mistral', 'llama3', 'gpt'],
  },

  render(input, model) {
    const asked = model.family === 'llama3' ? llamaOutputTokensMax : outputTokensMax
    const roomTokens = model.contextTokens - Math.min(asked, Math.floor(model.contextTokens / 4))
    const form = formOf(input, model.family, model)
    const messages = chatMessages(input, form, roomTokens)
    const promptTokens = tokensOf(messages)
    const sampling = {
      maxTokens: Math.min(asked, Math.max(model.contextTokens - promptTokens, outputTokensMin)),
      // gpt takes neither a temperature of its own nor a stop string.
      ...(model.family === 'gpt' ? {} : { temperature: traitsOf(model.family).temperature === 1 ? 1 : 0.1 }),
      ...(model.family === 'gpt' ? {} : { stop: ['Observation:'], stopTrimmable: true }),
    }
    if (input.raw) return { kind: 'completion', prompt: `${messages.map(textOf).join('\n\n')}\n\n`, ...sampling }
    return {
      kind: 'chat',
      messages,
      ...(form === 'opened-text' ? { continueFinal: true } : {}),
      ...(form === 'native' && input.tools.length > 0 ? { tools: nativeTools(input) } : {}),
      ...sampling,
    }
  },

  size(input) {
    const texts = [...input.turns.flatMap(textsOf), ...input.steps.map((step) => step.observation)]
    const promptTokensEstimate = texts.reduce((sum, text) => sum + estimateTokens(text), systemTokens)
    return { promptTokensEstimate, outputTokensMax }
  },

  affinity(input) {
    const opening = input.turns.find(({ role }) => role === 'user')?.content ?? ''
    const prompt = `chat prompt\n${input.tools.join()}`
    return [`${prompt}\n${opening.slice(0, affinityCharsMax)}`, prompt]
  },
}

/** Only Mistral's own name is asked to go on with an opened reply, as GitLab's gateway does, and only where the server can. */
function formOf(
  input: ChatInput,
  family: Family,
  { nativeTools: calls, continuesAnswers }: { readonly nativeTools?: boolean; readonly continuesAnswers?: boolean },
): ToolForm {
  if (input.raw) return 'text'
  if (calls === true) return 'native'
  return family === 'mistral' && continuesAnswers === true ? 'opened-text' : 'text'
}

function textsOf({ content, page, file, context, steps }: ChatTurn): string[] {
  return [
    content,
    page,
    file?.data ?? '',
    ...context.map((item) => item.content),
    ...steps.map((step) => step.observation),
  ]
}
