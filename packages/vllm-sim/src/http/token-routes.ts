import { z } from 'zod'
import { conversationPrompt } from '../openai/prompts.ts'
import { badRequest, unknownModel } from '../openai/refusal.ts'
import { Conversation } from '../openai/request.ts'
import type { ServedModels } from '../served-models.ts'
import { decodeTokens, encodeTokens, splitTokens } from '../text/tokenizer.ts'
import { readBody } from './read-body.ts'
import type { Routes } from './routes.ts'
import { sendJson, sendRefusal } from './send-json.ts'

const shared = { model: z.string().nullish(), return_token_strs: z.boolean().nullish() }
const Tokenize = z.union([z.looseObject({ ...shared, prompt: z.string() }), Conversation.extend(shared)])
const Detokenize = z.looseObject({ model: z.string().nullish(), tokens: z.array(z.int()) })

/** `/tokenize` and `/detokenize`; no key guards them. */
export const tokenRoutes = (models: ServedModels): Routes => ({
  '/tokenize': {
    POST: async ({ message, response, settings, profile }) => {
      const body = await readBody(message, Tokenize)
      if (body.kind === 'refused') return sendRefusal(response, body, profile)
      const { model, return_token_strs: strings } = body.value
      if (models.find(model) === undefined) return sendRefusal(response, unknownModel(model ?? ''), profile)
      const prompt =
        'messages' in body.value
          ? conversationPrompt(body.value as z.infer<typeof Conversation>).bytes
          : Buffer.from(body.value.prompt)
      const tokens = encodeTokens(prompt)
      sendJson(response, 200, {
        count: tokens.length,
        max_model_len: settings.modelLengthMax,
        tokens,
        token_strs: strings === true ? splitTokens(Buffer.from(prompt).toString()) : null,
      })
    },
  },
  '/detokenize': {
    POST: async ({ message, response, profile }) => {
      const body = await readBody(message, Detokenize)
      if (body.kind === 'refused') return sendRefusal(response, body, profile)
      if (models.find(body.value.model) === undefined)
        return sendRefusal(response, unknownModel(body.value.model ?? ''), profile)
      const decoded = decodeTokens(body.value.tokens)
      if (decoded.kind === 'unknown_id')
        return sendRefusal(response, badRequest(`Token id ${decoded.id} is out of vocabulary.`, 'tokens'), profile)
      sendJson(response, 200, { prompt: decoded.text })
    },
  },
})
