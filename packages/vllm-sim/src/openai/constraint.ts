import { versionProfiles } from '../profiles/version-profile.ts'
import type { ProfileName } from '../profiles/version-profile.ts'
import { ByteHash } from '../text/byte-hash.ts'
import { regexSample } from '../text/regex-sample.ts'
import { schemaValue } from '../text/schema-value.ts'
import { badRequest } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import type { InferenceRequest } from './request.ts'

type Schema = Readonly<Record<string, unknown>>

/** What an answer must look like. */
export type Constraint =
  | { readonly kind: 'json'; readonly schema: Schema }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'regex'; readonly pattern: string }

/** The constraint of a request under the rules of a release, null for none. Fields the release does not know are ignored, as there. */
export const constraintOf = ({ body }: InferenceRequest, profile: ProfileName): Constraint | null | Refusal => {
  const { constrainedBy } = versionProfiles[profile]
  const { structured_outputs: structured } = body
  const asked: (Constraint | Refusal)[] = []
  if (constrainedBy.includes('guided')) {
    asked.push(
      ...constraints(
        { json: body.guided_json, regex: body.guided_regex, choice: body.guided_choice, grammar: body.guided_grammar },
        'guided_decoding',
      ),
    )
    if (asked.length > 1)
      return badRequest('Only one of guided_json, guided_regex, guided_choice and guided_grammar can be set.')
  }
  if (structured != null && constrainedBy.includes('structured_outputs')) {
    const members = constraints(structured, 'structured_outputs')
    if (members.length !== 1)
      return badRequest(
        'structured_outputs needs exactly one of json, regex, choice, grammar, json_object, structural_tag.',
        'structured_outputs',
      )
    asked.push(...members)
  }
  const format = body.response_format
  if (format?.type === 'json_object') asked.push(anyObject)
  if (format?.type === 'structural_tag')
    asked.push(badRequest('structural_tag is beyond this simulated node.', 'response_format'))
  if (format?.type === 'json_schema') {
    if (format.json_schema == null) return badRequest('json_schema must be set for this type.', 'response_format')
    asked.push(jsonOf(format.json_schema.schema ?? {}, 'response_format'))
  }
  return asked[0] ?? null
}

const anyObject: Constraint = {
  kind: 'json',
  schema: { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] },
}

interface Asked {
  readonly json?: string | Schema | null | undefined
  readonly regex?: string | null | undefined
  readonly choice?: readonly string[] | null | undefined
  readonly grammar?: string | null | undefined
  readonly json_object?: boolean | null | undefined
  readonly structural_tag?: unknown
}

const constraints = (asked: Asked, field: string): (Constraint | Refusal)[] => [
  ...(asked.json == null ? [] : [jsonOf(asked.json, field)]),
  ...(asked.regex == null ? [] : [regexOf(asked.regex, field)]),
  ...(asked.choice == null ? [] : [choiceOf(asked.choice, field)]),
  ...(asked.grammar == null ? [] : [grammarOf(asked.grammar, field)]),
  ...(asked.json_object === true ? [anyObject] : []),
  ...(asked.structural_tag == null ? [] : [badRequest('structural_tag is beyond this simulated node.', field)]),
]

const jsonOf = (given: string | Schema, field: string): Constraint | Refusal => {
  let schema: unknown = given
  try {
    if (typeof given === 'string') schema = JSON.parse(given)
  } catch {
    return badRequest('The JSON schema is no JSON.', field)
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return badRequest('The JSON schema must be an object.', field)
  const types = [(schema as Schema)['type'] ?? []].flat()
  if (!types.every((type) => jsonTypes.has(type)))
    return badRequest(`The JSON schema has an unknown type: ${JSON.stringify(types)}.`, field)
  return { kind: 'json', schema: schema as Schema }
}
const jsonTypes = new Set<unknown>(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])

const regexOf = (pattern: string, field: string): Constraint | Refusal => {
  const sample = regexSample(pattern, 0)
  return sample.kind === 'text'
    ? { kind: 'regex', pattern }
    : badRequest(`The regular expression cannot be compiled: ${sample.reason}.`, field)
}

const choiceOf = (choices: readonly string[], field: string): Constraint | Refusal =>
  choices.length > 0 ? { kind: 'choice', choices } : badRequest('choice must not be empty.', field)

/** Of grammars only a root of quoted alternatives is acted out. */
const grammarOf = (grammar: string, field: string): Constraint | Refusal => {
  const root = /^\s*(?:root\s*::=|start\s*:|\?start\s*:)([^\n]*)$/m.exec(grammar)?.[1]
  const choices = root?.split('|').map((branch) => /^\s*"([^"]*)"\s*$/.exec(branch)?.[1])
  return choices?.every((choice) => choice !== undefined) === true
    ? { kind: 'choice', choices }
    : badRequest('The grammar cannot be compiled by this simulated node: only a root of quoted alternatives.', field)
}

/** The answer that satisfies a constraint, decided by the seed. */
export const constrainedText = (constraint: Constraint, seed: string): string => {
  const number = new ByteHash().update(Buffer.from(seed)).digest(9)
  switch (constraint.kind) {
    case 'json':
      return JSON.stringify(schemaValue(constraint.schema, seed))
    case 'choice':
      return constraint.choices[number % constraint.choices.length] as string
    case 'regex': {
      const sample = regexSample(constraint.pattern, number)
      return sample.kind === 'text' ? sample.text : ''
    }
  }
}
