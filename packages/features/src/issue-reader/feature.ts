import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which issue a question of the chat is about. */
export const issueReader = resourceReader(
  {
    name: 'issue-reader',
    title: 'Chat tool: issue reader',
    promptId: 'chat/issue_reader',
    unitPrimitives: ['ask_issue'],
  },
  {
    noun: 'issue',
    types: ['current', 'iid', 'url', 'reference'],
    sign: '#',
    temperatures: { base: 0.1 },
    examples: `What is #17 waiting for? -> {"ResourceIdentifierType": "iid", "ResourceIdentifier": 17}
Sum up acme/shop#4 -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "acme/shop#4"}
Who works on this issue? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
