import { randomUUID } from 'node:crypto'
import type { Dialect } from '../dialects/dialect.ts'
import { planAnswer } from '../openai/answer-plan.ts'
import { unknownModel, unsupportedTask } from '../openai/refusal.ts'
import type { Refusal } from '../openai/refusal.ts'
import { stopsOf } from '../openai/request.ts'
import type { ServedModels } from '../served-models.ts'
import { encodeTokens } from '../text/tokenizer.ts'
import type { Route } from './routes.ts'
import { sendJson, sendRefusal } from './send-json.ts'

/**
 * What a request would put before the engine, as bodies for `/inference/v1/generate`: one for a conversation, a list for completions.
 * Nothing is generated.
 */
export const renderRoute =
  (models: ServedModels, dialect: Dialect): Route =>
  async ({ message, response, settings, profile }) => {
    const refuse = (why: Refusal): void => sendRefusal(response, why, profile)
    if (settings.task === 'embed') return refuse(unsupportedTask(profile, dialect.task))
    const asked = await dialect.read(message)
    if (asked.kind === 'refused') return refuse(asked)
    const { request } = asked
    const { body, endpoint } = request
    const model = models.find(body.model)
    if (model === undefined) return refuse(unknownModel(body.model ?? ''))
    const plan = planAnswer(request, settings)
    if (plan.kind === 'refused') return refuse(plan)
    const id = body.request_id ?? randomUUID().replaceAll('-', '')
    const rendered = plan.prompts.map((prompt, index) => ({
      request_id: endpoint === 'chat' ? `chatcmpl-${id}` : `cmpl-${id}-${index}`,
      token_ids: encodeTokens(prompt.bytes),
      features: null,
      sampling_params: {
        n: body.n ?? 1,
        max_tokens: plan.choices[index * (body.n ?? 1)]?.outputTokensMax,
        min_tokens: body.min_tokens ?? 0,
        temperature: body.temperature ?? 1,
        top_p: body.top_p ?? 1,
        stop: stopsOf(request),
        ignore_eos: body.ignore_eos ?? false,
      },
      model: body.model ?? model.name,
      stream: body.stream ?? false,
      stream_options: body.stream_options ?? null,
      cache_salt: body.cache_salt ?? null,
      priority: body.priority ?? 0,
      kv_transfer_params: null,
    }))
    sendJson(response, 200, endpoint === 'chat' ? rendered[0] : rendered)
  }
