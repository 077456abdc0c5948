import { compare } from './compare.ts'
import type { ComparisonRules, Difference } from './compare.ts'
import type { Fixture, FixtureExpectation } from './load-fixture.ts'
import type { PlaceholderFacts } from './match-placeholder.ts'
import type { NodeCall } from './scripted-node.ts'

/** The gateway may always stream at the node, whatever its client asked for. */
const freeAtNode = ['stream', 'stream_options']

/** Everything in which the calls at the node are not what the fixture expects. Each retry must be right too. */
export const compareNodeCalls = (
  { backend }: Fixture,
  calls: readonly NodeCall[],
  facts: PlaceholderFacts,
): Difference[] => {
  if (backend === null)
    return calls.map(({ method, url }) => ({ path: 'node', expected: 'no call', got: `${method} ${url}` }))
  if (backend.reply.connection_refused === true) return []
  if (calls.length === 0) return [{ path: 'node', expected: 'a call', got: 'none' }]
  return calls.flatMap((call, index) => compareCall(backend.expect, call, `node.calls[${index}]`, facts))
}

const compareCall = (
  expect: FixtureExpectation,
  call: NodeCall,
  path: string,
  facts: PlaceholderFacts,
): Difference[] => {
  const rules: ComparisonRules = { facts, volatile: [], ignored: [], subset: true }
  const { method, url, headers = {}, body_subset: subset, messages_contain: texts = [] } = expect
  const fixed = Object.fromEntries(Object.entries(subset ?? {}).filter(([name]) => !freeAtNode.includes(name)))
  const said = promptOf(call.body)
  return [
    ...(method === undefined ? [] : compare(method, call.method, `${path}.method`, rules)),
    ...(url === undefined ? [] : compare(url, call.url, `${path}.url`, rules)),
    ...Object.entries(headers).flatMap(([name, value]) =>
      compare(value, call.headers[name.toLowerCase()], `${path}.headers.${name}`, rules),
    ),
    ...(subset === undefined ? [] : compare(fixed, call.body, `${path}.body`, rules)),
    ...texts
      .filter((text) => !said.includes(text))
      .map((text) => ({
        path: `${path}.messages`,
        expected: `a text with ${JSON.stringify(text)}`,
        got: JSON.stringify(said),
      })),
  ]
}

/** All text of the messages, or the prompt of a text completion. */
const promptOf = (body: unknown): string => {
  const { messages, prompt, input } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  return [messages, prompt, input].flatMap(textsIn).join('\n')
}

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  const { content, text } = value as Record<string, unknown>
  return [content, text].flatMap(textsIn)
}
