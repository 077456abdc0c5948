import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which CI job a question of the chat is about. */
export const buildReader = resourceReader(
  {
    name: 'build-reader',
    title: 'Chat tool: CI/CD job reader',
    promptId: 'chat/build_reader',
    unitPrimitives: ['ask_build'],
  },
  {
    noun: 'CI/CD job',
    types: ['current', 'url'],
    sign: null,
    temperatures: { base: 0, gpt: null, gemini: 1 },
    examples: `Why did https://gitlab.example.com/acme/shop/-/jobs/812 fail? -> {"ResourceIdentifierType": "url", "ResourceIdentifier": "https://gitlab.example.com/acme/shop/-/jobs/812"}
Why did this job fail? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
