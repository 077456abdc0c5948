import { z } from 'zod'
import { badRequest, refusal } from '../openai/refusal.ts'
import type { ServedModels } from '../served-models.ts'
import { readBody } from './read-body.ts'
import type { Routes } from './routes.ts'
import { sendRefusal, sendText } from './send-json.ts'

const Load = z.object({ lora_name: z.string(), lora_path: z.string(), load_inplace: z.boolean().default(false) })
const Unload = z.object({ lora_name: z.string() })

/** Adapters that come and go while the node runs; success is plain text. */
export const loraRoutes = (models: ServedModels): Routes => ({
  '/v1/load_lora_adapter': {
    POST: async ({ message, response, profile }) => {
      const body = await readBody(message, Load)
      if (body.kind === 'refused') return sendRefusal(response, body, profile)
      const { lora_name: name, lora_path: path, load_inplace: inPlace } = body.value
      if (name === '' || path === '')
        return sendRefusal(response, badRequest('Both lora_name and lora_path must be provided.'), profile)
      if (!models.load({ name, path }, inPlace))
        return sendRefusal(response, badRequest(`The adapter \`${name}\` has already been loaded.`), profile)
      sendText(response, 200, `Success: LoRA adapter '${name}' added successfully.`)
    },
  },
  '/v1/unload_lora_adapter': {
    POST: async ({ message, response, profile }) => {
      const body = await readBody(message, Unload)
      if (body.kind === 'refused') return sendRefusal(response, body, profile)
      const { lora_name: name } = body.value
      if (!models.unload(name))
        return sendRefusal(response, refusal(404, 'NotFoundError', `The adapter \`${name}\` cannot be found.`), profile)
      sendText(response, 200, `Success: LoRA adapter '${name}' removed successfully.`)
    },
  },
})
