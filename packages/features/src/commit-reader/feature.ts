import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which commit a question of the chat is about. */
export const commitReader = resourceReader(
  {
    name: 'commit-reader',
    title: 'Chat tool: commit reader',
    promptId: 'chat/commit_reader',
    unitPrimitives: ['ask_commit', 'duo_chat', 'duo_classic_chat'],
  },
  {
    noun: 'commit',
    types: ['current', 'url', 'reference'],
    sign: null,
    temperatures: { base: 0, gpt: null, gemini: 1 },
    examples: `What changed in 0d5a1e9c? -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "0d5a1e9c"}
Explain acme/shop@0d5a1e9c -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "acme/shop@0d5a1e9c"}
Who wrote this commit? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
