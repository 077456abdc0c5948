import { estimateTokens, pickVariant, traitsOf } from '@penstock/models'
import type { ChatMessage, Family, ModelCall } from '@penstock/models'
import { z } from 'zod'
import { dropReasoning } from '../answer/drop-reasoning.ts'
import { inTurn } from '../answer/text-stream.ts'
import type { TextStream } from '../answer/text-stream.ts'
import type { Feature, FeatureAbout, FeatureDefaults, ModelTarget } from '../feature.ts'
import { fitTexts } from './fit.ts'
import type { Shrinkable } from './fit.ts'
import { fillTemplate } from './template.ts'

/** What a model is asked with, as templates of the feature's texts. */
export interface PromptTemplate {
  /** Constant where it can be: nodes keep it in their prefix cache. */
  readonly system: string
  readonly user: string
}

/** A prompt with its parameters. Undefined: the family's own. Null: no temperature is sent, and the output has all room there is. */
export interface PromptVariant extends PromptTemplate {
  readonly temperature?: number | null
  readonly maxTokens?: number | null
}

/** Prompt by variant. A variant names only what differs from `base`. */
export interface PromptVariants {
  readonly base: PromptVariant
  readonly [variant: string]: Partial<PromptVariant>
}

/** How GitLab reaches a prompt, and what it sends. */
export interface PromptInput<I> {
  /** The administrator's identifier asks for the node's raw text completion. */
  readonly raw: boolean
  readonly inputs: I
}

/** A feature behind `/v1/prompts/{id}` and `/v2/prompts/{id}`. It is served by what it declares here: no endpoint code is its own. */
export interface PromptFeature<I> extends Feature<PromptInput<I>> {
  readonly about: FeatureAbout
  readonly promptId: string
  /** Scopes of a token that open it; one is enough. */
  readonly unitPrimitives: readonly string[]
  /** Reads GitLab's `inputs`; unknown ones are dropped. */
  readonly inputs: z.ZodType<I>
  /** The administrator's connection test: every failure of the model is shown at once, and none is waited out (contract http §12.2). */
  readonly connectionTest: boolean
  /** Makes a model's answer one that the caller can read, whole or while it streams. */
  answer(inputs: I, family: Family): TextStream
}

export interface PromptFeatureDefinition<I> {
  readonly name: string
  /** As GitLab's documentation calls it. */
  readonly title: string
  readonly promptId: string
  readonly unitPrimitives: readonly [string, ...string[]]
  /** GitLab's feature setting that chooses the model; absent: none. */
  readonly setting?: string
  /** What GitLab's documentation promises for self-hosted models. */
  readonly promised: string
  readonly defaults: FeatureDefaults
  readonly inputs: z.ZodType<I>
  readonly variants: PromptVariants
  /** The texts of the templates' slots; the inputs themselves when absent. */
  readonly texts?: (inputs: I) => Readonly<Record<string, string>>
  /** What is shortened first when the prompt does not fit the model; nothing: the node refuses it, and GitLab hears so. */
  readonly shrink?: readonly Shrinkable[]
  /** Absent: the answer is opaque text. */
  readonly answer?: (inputs: I, family: Family) => TextStream
  readonly connectionTest?: boolean
}

/** Limits by how long the caller waits: 60 s for each read, and for the whole of an answer that is not streamed (http §11.1). */
export const promptDefaults = {
  /** Streamed to someone who reads along. */
  chat: { lane: 'interactive', firstByteMs: 55_000, totalMs: 300_000 },
  /** Waited for as a whole, by a job or behind a button. */
  oneShot: { lane: 'background', firstByteMs: 50_000, totalMs: 57_000 },
} as const satisfies Record<string, FeatureDefaults>

/** Enough of a text to tell documents apart. */
const affinityCharsMax = 16_384

/** Output where no limit is asked for, tokens: reasoning needs room, but no answer of these features is longer. */
const freeOutputTokens = 16_384

/** Limits up to this count the answer alone, tokens: a model that thinks first would use them up before it says a word. */
const briefTokensMax = 512

/** Output that is always left room for, tokens: with less, the node's refusal is the better answer. */
const outputTokensMin = 1024

export function promptFeature<I>(definition: PromptFeatureDefinition<I>): PromptFeature<I> {
  const { name, promptId, unitPrimitives, variants, defaults } = definition
  const textsOf = definition.texts ?? ((inputs: I) => inputs as Readonly<Record<string, string>>)
  const outputMax = Math.max(...Object.values(variants).map((variant) => variant.maxTokens ?? 0)) || 4096
  return {
    name,
    promptId,
    unitPrimitives,
    defaults,
    inputs: definition.inputs,
    connectionTest: definition.connectionTest ?? false,
    input: z.object({ raw: z.boolean(), inputs: definition.inputs }),
    about: {
      title: definition.title,
      endpoints: [`POST /v1/prompts/${promptId}`, `POST /v2/prompts/${promptId}`],
      promptId,
      promptVersions: 'any',
      ...(definition.setting === undefined ? {} : { setting: definition.setting }),
      unitPrimitives,
      promised: definition.promised,
      promptVariants: Object.keys(variants).filter((variant) => variant !== 'base'),
    },

    render({ raw, inputs }, model) {
      const variant = variantOf(model.family, variants)
      const traits = traitsOf(model.family)
      const wanted = variant.maxTokens === undefined ? traits.maxTokens : variant.maxTokens
      const isBrief = wanted !== null && wanted <= briefTokensMax && definition.connectionTest !== true
      const temperature = variant.temperature === undefined ? traits.temperature : variant.temperature
      const template = `${variant.system}\n\n${variant.user}`
      const roomTokens = model.contextTokens - Math.min(wanted ?? outputMax, Math.floor(model.contextTokens / 3))
      const texts = fitTexts(template, textsOf(inputs), definition.shrink ?? [], roomTokens)
      const system = fillTemplate(variant.system, texts)
      const user = fillTemplate(variant.user, texts)
      return {
        ...askedWith(raw, system, user),
        maxTokens: outputTokens(wanted ?? freeOutputTokens, system + user, model),
        ...(temperature === null ? {} : { temperature }),
        ...(isBrief ? { brief: true } : {}),
      }
    },

    size({ inputs }) {
      const { system, user } = variants.base
      const texts = textsOf(inputs)
      return {
        promptTokensEstimate: estimateTokens(fillTemplate(system, texts)) + estimateTokens(fillTemplate(user, texts)),
        outputTokensMax: outputMax,
      }
    },

    affinity({ inputs }) {
      const user = fillTemplate(variants.base.user, textsOf(inputs)).slice(0, affinityCharsMax)
      return [`${name} text\n${user}`, `${name} prompt`]
    },

    answer(inputs, family) {
      const reasoned = dropReasoning(family)
      return definition.answer === undefined ? reasoned : inTurn(reasoned, definition.answer(inputs, family))
    },
  }
}

function variantOf(family: Family, variants: PromptVariants): PromptVariant {
  return { ...variants.base, ...pickVariant<Partial<PromptVariant>>(family, variants) }
}

function askedWith(raw: boolean, system: string, user: string): ModelCall {
  if (raw) return { kind: 'completion', prompt: `${system}\n\n${user}\n\n` }
  const messages: ChatMessage[] = [{ role: 'user', content: user }]
  return { kind: 'chat', messages: system === '' ? messages : [{ role: 'system', content: system }, ...messages] }
}

/** As many tokens as wanted, as far as prompt and output fit the model together. */
function outputTokens(wanted: number, prompt: string, model: ModelTarget): number {
  const left = model.contextTokens - estimateTokens(prompt)
  return Math.min(wanted, Math.max(left, outputTokensMin))
}
