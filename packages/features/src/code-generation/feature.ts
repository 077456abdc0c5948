import { pickVariant, textOf, traitsOf } from '@penstock/models'
import type { ChatMessage } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { fitGeneration, generationTokens } from './budget.ts'
import { CodeGenerationInput } from './input.ts'
import { generationMessages, generationRules } from './prompt/messages.ts'
import { generationVariants, promptlessParameters } from './prompt/parameters.ts'
import type { GenerationParameters } from './prompt/parameters.ts'

/** Output where neither prompt nor family names a limit, tokens. */
const defaultMaxTokens = 2048

/** New code from a comment, an empty function or an instruction. */
export const codeGeneration: Feature<CodeGenerationInput> = {
  name: 'code-generation',
  input: CodeGenerationInput,
  defaults: { lane: 'interactive', firstByteMs: 50_000, totalMs: 180_000 },
  about: {
    title: 'Code generation',
    endpoints: ['POST /v4/code/suggestions', 'POST /v3/code/completions', 'POST /v2/code/generations'],
    promptId: 'code_suggestions/generations',
    promptVersions: 'any',
    setting: 'code_generations',
    unitPrimitives: ['generate_code'],
    promised: 'GA 17.9',
    promptVariants: Object.keys(generationVariants).filter((name) => name !== 'base'),
  },

  render(input, model) {
    const variant = pickVariant(model.family, generationVariants)
    const asked: GenerationParameters = input.messages === null ? variant : promptlessParameters
    const traits = traitsOf(model.family)
    const wanted = asked.maxTokens ?? traits.maxTokens ?? defaultMaxTokens
    const maxTokens = Math.min(wanted, Math.ceil(model.contextTokens / 2))
    const temperature = asked.temperature ?? traits.temperature
    const messages =
      input.messages === null
        ? generationMessages(fitGeneration(input, model.contextTokens, maxTokens))
        : withRules(input.messages)
    return {
      ...(input.raw ? { kind: 'completion', prompt: messages.map(textOf).join('\n\n') } : { kind: 'chat', messages }),
      maxTokens,
      ...(temperature === null ? {} : { temperature }),
      ...(asked.topP === undefined ? {} : { topP: asked.topP }),
      brief: true,
      // cleanAnswer removes the marker, told to the node or not.
      ...(asked.stop.length === 0 ? {} : { stop: [...asked.stop], stopTrimmable: true }),
    }
  },

  size(input) {
    return { promptTokensEstimate: generationTokens(input), outputTokensMax: defaultMaxTokens }
  },

  affinity(input) {
    const file = `code-generation file\n${input.project ?? ''}\n${input.fileName}`
    return input.project === null ? [file] : [file, `code-generation project\n${input.project}`]
  },
}

/** Old clients send a task as one message: the rules go ahead of it, unless they bring their own. */
function withRules(messages: NonNullable<CodeGenerationInput['messages']>): ChatMessage[] {
  return messages.some(({ role }) => role === 'system')
    ? messages
    : [{ role: 'system', content: generationRules }, ...messages]
}
