import { parseLocator } from '../rails/locator.ts'
import type { Scenario } from './scenario.ts'

interface Tool {
  readonly name: string
  readonly types: readonly string[]
  readonly type: string
  readonly id: string | number
  readonly question: string
}

const numbered = ['current', 'iid', 'url', 'reference']
const tools: readonly Tool[] = [
  { name: 'issue', types: numbered, type: 'iid', id: 17, question: 'What is blocking #17?' },
  { name: 'epic', types: numbered, type: 'iid', id: 9, question: 'When does &9 end?' },
  { name: 'merge_request', types: numbered, type: 'reference', id: 'acme/shop!4', question: 'Sum up acme/shop!4' },
  { name: 'work_item', types: numbered, type: 'current', id: 'current', question: 'Who works on this?' },
  {
    name: 'commit',
    types: ['current', 'url', 'reference'],
    type: 'reference',
    id: '0d5a1e9c',
    question: 'Explain commit 0d5a1e9c',
  },
  {
    name: 'build',
    types: ['current', 'url'],
    type: 'url',
    id: 'https://gitlab.example.com/acme/shop/-/jobs/812',
    question: 'Why did https://gitlab.example.com/acme/shop/-/jobs/812 fail?',
  },
]

export const locatorScenarios: readonly Scenario[] = tools.map(({ name, types, type, id, question }) => {
  const good = JSON.stringify({ ResourceIdentifierType: type, ResourceIdentifier: id })
  return {
    promptId: `chat/${name}_reader`,
    inputs: { input: question, suggestions: 'The question names one.' },
    shown: [question, 'The question names one.'],
    good,
    sloppy: [
      `${type}", "ResourceIdentifier": ${JSON.stringify(id)} }`,
      `${type}", "ResourceIdentifier": ${JSON.stringify(id)} }\n\`\`\`\nThat is it.`,
      good.replace('}', ',}'),
      good.replaceAll('"', "'"),
      good
        .replace('ResourceIdentifierType', 'resource_identifier_type')
        .replace('"ResourceIdentifier"', '"resource_identifier"'),
      good.replace('ResourceIdentifierType', 'Type').replace('"ResourceIdentifier"', '"identifier"'),
      `ResourceIdentifierType: ${type}\nResourceIdentifier: ${id}`,
      JSON.stringify({ ResourceIdentifierType: type === 'current' ? 'current' : 'id', ResourceIdentifier: String(id) }),
      JSON.stringify({ ResourceIdentifierType: type, ResourceIdentifier: type === 'iid' ? `#${id}` : id }),
      JSON.stringify([{ ResourceIdentifierType: type, ResourceIdentifier: id }]),
      'The user means the one that the question names.',
    ],
    read: (answer) => {
      const reading = parseLocator(answer, types)
      if (reading.kind === 'locator') return { type: reading.type, id: String(reading.id) }
      if (reading.kind === 'not found') return reading
      throw new Error(`${reading.kind}: ${answer}`)
    },
    isNone: () => true,
  }
})
