import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which merge request a question of the chat is about. */
export const mergeRequestReader = resourceReader(
  {
    name: 'merge-request-reader',
    title: 'Chat tool: merge request reader',
    promptId: 'chat/merge_request_reader',
    unitPrimitives: ['ask_merge_request'],
  },
  {
    noun: 'merge request',
    types: ['current', 'iid', 'url', 'reference'],
    sign: '!',
    temperatures: { base: 0, llama3: 0.1, gpt: 0.1, gemini: 1 },
    examples: `What does !31 change? -> {"ResourceIdentifierType": "iid", "ResourceIdentifier": 31}
Sum up acme/shop!4 -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "acme/shop!4"}
Why was this MR opened? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
