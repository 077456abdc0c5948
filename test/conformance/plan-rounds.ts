import type { Fixture } from './load-fixture.ts'
import { sameEndpoint } from './make-config.ts'
import { defaultModelReference, modelReferences } from './model-references.ts'
import type { ModelReference } from './model-references.ts'

/** A fixture, and what it needs to be configured. */
export interface PlannedFixture {
  readonly fixture: Fixture
  /** Models that its request names. */
  readonly named: readonly ModelReference[]
  /** The operator's model, when the request is to be served by that. */
  readonly byDefault: ModelReference | null
  /** Whether its model server does anything but answer well. */
  readonly fails: boolean
}

/** Fixtures that can be played under one configuration, one after the other. */
export interface Round {
  readonly planned: readonly PlannedFixture[]
  /** Of the fixtures that are served by the operator's model: they agree on it. */
  readonly byDefault: ModelReference | null
}

/**
 * Puts fixtures together that do not disagree about the default model, about the key at an endpoint, or about what an empty identifier
 * means there: a configuration takes a second to act everywhere. A model server that fails is shared with no other fixture: what is
 * learned of it must not reach others.
 */
export const planRounds = (fixtures: readonly Fixture[]): Round[] => {
  const rounds: PlannedFixture[][] = []
  for (const fixture of fixtures) {
    const planned = plan(fixture)
    const round = rounds.find((others) => others.every((other) => agree(planned, other)))
    if (round === undefined) rounds.push([planned])
    else round.push(planned)
  }
  return rounds.map((planned) => ({
    planned,
    byDefault: planned.find(({ byDefault }) => byDefault !== null)?.byDefault ?? null,
  }))
}

/** Every model that a round or fixture needs. */
export const modelsOf = ({ planned }: Pick<Round, 'planned'>): ModelReference[] =>
  planned.flatMap(({ named, byDefault }) => (byDefault === null ? named : [...named, byDefault]))

const plan = (fixture: Fixture): PlannedFixture => {
  const named = modelReferences(bodyOf(fixture))
  return {
    fixture,
    named,
    byDefault: isServedByNamed(fixture, named) ? null : defaultModelReference(fixture),
    fails: fails(fixture),
  }
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

const fails = ({ backend, response }: Fixture): boolean => {
  if (backend === null) return false
  const { connection_refused: refused, status = 200, sse_data: events } = backend.reply
  const brokenOff = events !== undefined && events.at(-1) !== '[DONE]'
  return refused === true || status !== 200 || response.status !== 200 || brokenOff
}

const agree = (one: PlannedFixture, other: PlannedFixture): boolean => {
  if (isRefused(one) || isRefused(other)) return false
  const [first, second] = [one.byDefault, other.byDefault]
  if (first !== null && second !== null && !isSame(first, second)) return false
  return modelsOf({ planned: [one] }).every((model) =>
    modelsOf({ planned: [other] })
      .filter(({ endpoint }) => sameEndpoint(endpoint, model.endpoint))
      .every(
        (neighbour) => !one.fails && !other.fails && model.apiKey === neighbour.apiKey && areClear(model, neighbour),
      ),
  )
}

/** A server that nobody reaches is known to be away after a few seconds, called or not: its fixture is played at once, and alone. */
const isRefused = ({ fixture }: PlannedFixture): boolean => fixture.backend?.reply.connection_refused === true

/** An empty identifier means whatever model of the family there is. */
const areClear = (one: ModelReference, other: ModelReference): boolean =>
  one.family !== other.family ||
  one.servedName === other.servedName ||
  (one.identifier !== '' && other.identifier !== '')

const isSame = (one: ModelReference, other: ModelReference): boolean => JSON.stringify(one) === JSON.stringify(other)
