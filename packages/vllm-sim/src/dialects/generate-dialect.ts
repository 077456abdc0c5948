import { z } from 'zod'
import { readBody } from '../http/read-body.ts'
import { WholeReply } from '../http/whole-reply.ts'
import { chatLogprobs } from '../openai/logprobs.ts'
import { badRequest } from '../openai/refusal.ts'
import { CompletionRequest } from '../openai/request.ts'
import type { Dialect } from './dialect.ts'

const GenerateRequest = z.looseObject({
  token_ids: z.array(z.int()),
  sampling_params: CompletionRequest,
  request_id: z.string().nullish(),
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  cache_salt: z.string().nullish(),
  priority: z.int().nullish(),
})

/** `/inference/v1/generate`: token ids in, token ids out. */
export const generateDialect: Dialect = {
  task: 'generation',
  read: async (message) => {
    const body = await readBody(message, GenerateRequest)
    if (body.kind === 'refused') return body
    const { token_ids: prompt, sampling_params: sampling, stream, ...rest } = body.value
    if (stream === true) return badRequest('A stream of token ids is beyond this simulated node.', 'stream')
    return {
      kind: 'asked',
      request: {
        endpoint: 'completion',
        body: {
          ...sampling,
          prompt,
          stream: false,
          model: rest.model,
          request_id: rest.request_id,
          cache_salt: rest.cache_salt,
          priority: rest.priority,
        },
      },
      reply: (response, detail) =>
        new WholeReply(response, detail, {
          body: (answers) => ({
            request_id: detail.head.id.replace(/^cmpl-/, ''),
            choices: answers.map(({ tokens, end }, index) => ({
              index,
              logprobs: detail.logprobs === null ? null : chatLogprobs(tokens, detail.logprobs),
              finish_reason: end?.finishReason ?? null,
              token_ids: tokens.map(({ id }) => id),
            })),
            prompt_logprobs: detail.choices[0]?.promptLogprobs ?? null,
            kv_transfer_params: null,
          }),
        }),
    }
  },
}
