import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { badRequest, unknownModel, unsupportedTask } from '../openai/refusal.ts'
import type { ServedModels } from '../served-models.ts'
import { embeddingOf } from '../text/embedding.ts'
import { countTokens, decodeTokens } from '../text/tokenizer.ts'
import { readBody } from './read-body.ts'
import type { Route } from './routes.ts'
import { sendJson, sendRefusal } from './send-json.ts'

const EmbeddingRequest = z.looseObject({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(z.int()), z.array(z.string()), z.array(z.array(z.int()))]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().nullish(),
  truncate_prompt_tokens: z.int().nullish(),
})

/** `/v1/embeddings`: unit vectors decided by the text, on a node whose model is made for it. */
export const embeddingRoute =
  (models: ServedModels, clock: Clock): Route =>
  async ({ message, response, settings, profile }) => {
    if (settings.task !== 'embed') return sendRefusal(response, unsupportedTask(profile, 'embeddings'), profile)
    const body = await readBody(message, EmbeddingRequest)
    if (body.kind === 'refused') return sendRefusal(response, body, profile)
    const { model: name, input, encoding_format: format, dimensions, truncate_prompt_tokens: truncate } = body.value
    const model = models.find(name)
    if (model === undefined) return sendRefusal(response, unknownModel(name ?? ''), profile)
    if (dimensions != null)
      return sendRefusal(
        response,
        badRequest('The model does not support Matryoshka embeddings.', 'dimensions'),
        profile,
      )

    let promptTokens = 0
    const data: object[] = []
    for (const [index, one] of several(input).entries()) {
      const text = typeof one === 'string' ? one : decodeTokens(one)
      if (typeof text === 'object' && text.kind === 'unknown_id')
        return sendRefusal(response, badRequest(`Token id ${text.id} is out of vocabulary.`, 'input'), profile)
      const bytes = Buffer.from(typeof text === 'string' ? text : text.text)
      const tokens = countTokens(bytes)
      if (tokens > settings.modelLengthMax && truncate == null) {
        const reason = `This model's maximum context length is ${settings.modelLengthMax} tokens, but input ${index} has ${tokens}.`
        return sendRefusal(response, badRequest(reason, 'input'), profile)
      }
      promptTokens += Math.min(tokens, settings.modelLengthMax)
      const vector = embeddingOf(bytes, { model: model.name, size: settings.embeddingSize })
      data.push({
        index,
        object: 'embedding',
        embedding: format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector],
      })
    }
    sendJson(response, 200, {
      id: `embd-${randomUUID().replaceAll('-', '')}`,
      object: 'list',
      created: Math.floor(clock.nowMs() / 1000),
      model: model.name,
      data,
      usage: {
        prompt_tokens: promptTokens,
        total_tokens: promptTokens,
        completion_tokens: 0,
        prompt_tokens_details: null,
      },
    })
  }

const several = (input: z.infer<typeof EmbeddingRequest>['input']): (string | number[])[] =>
  typeof input === 'string' ? [input] : typeof input[0] === 'number' ? [input as number[]] : (input as string[])
