import { resourceReader } from '../resource-reader/resource-reader.ts'

/** Which work item a question of the chat is about. */
export const workItemReader = resourceReader(
  {
    name: 'work-item-reader',
    title: 'Chat tool: work item reader',
    promptId: 'chat/work_item_reader',
    unitPrimitives: ['ask_work_item'],
  },
  {
    noun: 'work item',
    types: ['current', 'iid', 'url', 'reference'],
    sign: '#',
    temperatures: { base: 0.1 },
    examples: `What is work item 17 waiting for? -> {"ResourceIdentifierType": "iid", "ResourceIdentifier": 17}
Sum up acme/shop#4 -> {"ResourceIdentifierType": "reference", "ResourceIdentifier": "acme/shop#4"}
Who works on this? -> {"ResourceIdentifierType": "current", "ResourceIdentifier": "current"}`,
  },
)
