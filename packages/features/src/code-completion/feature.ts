import { estimateTokens, fimForms, pickVariant, textOf, traitsOf } from '@penstock/models'
import type { ChatMessage, Family } from '@penstock/models'
import type { Feature } from '../feature.ts'
import { fitToBudget } from './budget.ts'
import { CodeCompletionInput } from './input.ts'
import { basePrompt } from './prompt/base.ts'
import type { CursorPrompt } from './prompt/cursor-prompt.ts'
import { promptVariants } from './prompt/variants.ts'

/** Output limit of the most generous prompt, tokens. */
const outputTokensMax = 128

/** The text at the cursor of an editor. */
export const codeCompletion: Feature<CodeCompletionInput> = {
  name: 'code-completion',
  input: CodeCompletionInput,
  defaults: { lane: 'completion', firstByteMs: 10_000, totalMs: 30_000, queueMs: 2000 },
  about: {
    title: 'Code completion',
    endpoints: [
      'POST /v2/code/completions',
      'POST /v2/completions',
      'POST /v3/code/completions',
      'POST /v4/code/suggestions',
    ],
    promptId: 'code_suggestions/completions',
    setting: 'code_completions',
    unitPrimitives: ['complete_code'],
    promised: 'GA 17.9',
    promptVariants: Object.keys(promptVariants).filter((name) => name !== 'base'),
  },

  render(input, model) {
    if (input.language === null) return null
    const prompt = input.raw && model.family === 'qwen' ? rawQwen : pickVariant(model.family, promptVariants)
    const { prefix, suffix } = fitToBudget(input, model.contextTokens, prompt.maxTokens)
    const temperature = prompt.temperature ?? traitsOf(model.family).temperature
    const messages = prompt.messages({ prefix, suffix, fileName: input.fileName, language: input.language })
    return {
      ...(input.raw
        ? { kind: 'completion', prompt: rawPrompt(messages, model.family, prefix, suffix) }
        : { kind: 'chat', messages }),
      maxTokens: prompt.maxTokens,
      ...(temperature === null ? {} : { temperature }),
      brief: true,
      // cleanAnswer removes the family's markers, told to the node or not.
      ...(prompt.stop.length === 0 ? {} : { stop: [...prompt.stop], stopTrimmable: true }),
    }
  },

  size(input) {
    const texts = [input.prefix, input.suffix, ...input.context]
    return { promptTokensEstimate: texts.reduce((sum, text) => sum + estimateTokens(text), 0), outputTokensMax }
  },

  replaces: (input) => `code-completion\n${input.project ?? ''}\n${input.fileName}`,

  affinity(input) {
    const file = `code-completion file\n${input.project ?? ''}\n${input.fileName}`
    return input.project === null ? [file] : [file, `code-completion project\n${input.project}`]
  },
}

/** Qwen's coders fill in the middle only where no chat template stands between (contract features §3.3 G). */
const rawQwen: CursorPrompt = { ...basePrompt, maxTokens: 48, temperature: 0.95, stop: fimForms.qwen.stops }

/** Fill-in-the-middle text stands alone; an instruction and its text follow each other. */
function rawPrompt(messages: readonly ChatMessage[], family: Family, prefix: string, suffix: string): string {
  const { fim, rawFim = fim } = traitsOf(family)
  if (rawFim === 'none') return messages.map(textOf).join('\n\n')
  const { layOut, layOutRaw = layOut } = fimForms[rawFim]
  return layOutRaw(prefix, suffix)
}
