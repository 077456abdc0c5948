import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which epic a question of the chat is about. */
export const epicReader = resourceReader(
  {
    name: 'epic-reader',
    title: 'Chat tool: epic reader',
    promptId: 'chat/epic_reader',
    unitPrimitives: ['ask_epic'],
  },
  {
    noun: 'epic',
    types: ['current', 'iid', 'url', 'reference'],
    sign: '&',
    temperatures: { base: 0.1 },
    examples: `When does epic 9 end? -> {"ResourceIdentifierType": "iid", "ResourceIdentifier": 9}
Sum up acme/teams&4 -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "acme/teams&4"}
What is this epic about? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
