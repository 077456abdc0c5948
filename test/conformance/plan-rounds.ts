import { normalizeEndpoint } from '@penstock/config'
import type { Fixture } from './load-fixture.ts'
import { defaultModelReference, modelReferences } from './model-references.ts'
import type { ModelReference } from './model-references.ts'

/** A fixture, and what it needs to be configured. */
export interface PlannedFixture {
  readonly fixture: Fixture
  /** Models that its request names. */
  readonly named: readonly ModelReference[]
  /** The operator's model, when the request is to be served by that. */
  readonly byDefault: ModelReference | null
}

/** Fixtures that can be played under one configuration, one after the other. */
export interface Round {
  readonly planned: readonly PlannedFixture[]
  /** Every model that one of them names. */
  readonly named: readonly ModelReference[]
  readonly byDefault: ModelReference | null
}

interface GrowingRound extends Round {
  readonly planned: PlannedFixture[]
  readonly alone: boolean
  named: ModelReference[]
  byDefault: ModelReference | null
}

/**
 * Puts fixtures together that ask for the same default model and the same keys at the same endpoints: a configuration takes a second
 * to act everywhere. One whose model server fails has a round, and so a server, of its own: what is learned of the server must not
 * reach others.
 */
export const planRounds = (fixtures: readonly Fixture[]): Round[] => {
  const rounds: GrowingRound[] = []
  for (const fixture of fixtures) {
    const planned = plan(fixture)
    const alone = fails(fixture)
    const round = alone ? undefined : rounds.find((each) => !each.alone && fits(planned, each))
    if (round === undefined)
      rounds.push({ planned: [planned], alone, named: [...planned.named], byDefault: planned.byDefault })
    else {
      round.planned.push(planned)
      round.named.push(...planned.named)
      round.byDefault ??= planned.byDefault
    }
  }
  return rounds
}

const plan = (fixture: Fixture): PlannedFixture => {
  const named = modelReferences(bodyOf(fixture))
  return { fixture, named, byDefault: isServedByNamed(fixture, named) ? null : defaultModelReference(fixture) }
}

const bodyOf = ({ request }: Fixture): unknown => {
  if (request.raw_body === undefined) return request.body
  try {
    return JSON.parse(request.raw_body)
  } catch {
    return null
  }
}

/** Whether the call goes to a model that the request names, and not to the operator's own. */
const isServedByNamed = ({ backend }: Fixture, named: readonly ModelReference[]): boolean => {
  const url = backend?.expect.url
  return url === undefined ? named.length > 0 : named.some(({ endpoint }) => isUnder(endpoint, url))
}

/** Whether a call to the URL is one to the endpoint. */
export const isUnder = (endpoint: string, url: string): boolean => url.startsWith(`${endpoint.replace(/\/+$/, '')}/`)

/** Whether the model server does anything but answer well. */
const fails = ({ backend, response }: Fixture): boolean => {
  if (backend === null) return false
  const { connection_refused: refused, status = 200 } = backend.reply
  const told = response.ndjson?.some((event) => (event as { type?: unknown } | null)?.type === 'error') ?? false
  return refused === true || status !== 200 || response.status !== 200 || told
}

const fits = ({ named, byDefault }: PlannedFixture, round: Round): boolean => {
  if (byDefault !== null && round.byDefault !== null && JSON.stringify(byDefault) !== JSON.stringify(round.byDefault))
    return false
  const keys = new Map<string | null, string | null>()
  return [...all(round), ...all({ named, byDefault })].every(({ endpoint, apiKey }) => {
    const place = normalizeEndpoint(endpoint)
    const known = keys.get(place)
    keys.set(place, apiKey)
    return known === undefined || known === apiKey
  })
}

/** Every model of a round or fixture. */
export const all = ({ named, byDefault }: Pick<Round, 'named' | 'byDefault'>): ModelReference[] => [
  ...named,
  ...(byDefault === null ? [] : [byDefault]),
]
