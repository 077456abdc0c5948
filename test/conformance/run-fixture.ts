import type { Difference } from './compare.ts'
import { compareNodeCalls } from './compare-node-calls.ts'
import { compareResponse } from './compare-response.ts'
import { expandPlaceholders } from './expand-placeholders.ts'
import type { IngressByEnv } from './ingress-by-env.ts'
import type { Fixture } from './load-fixture.ts'
import type { PlaceholderFacts } from './match-placeholder.ts'
import { isGatewayIssued } from './mint-token.ts'
import type { TokenMint } from './mint-token.ts'
import type { PlannedFixture } from './plan-rounds.ts'
import { isUnder } from './plan-rounds.ts'
import { refusingOrigin } from './scripted-node.ts'
import type { Stage } from './set-stage.ts'
import { sendRequest } from './send-request.ts'

/** Who answers the requests, and signs their tokens. */
export interface FixtureBench {
  readonly ingresses: IngressByEnv
  readonly mint: TokenMint
}

/** Longest wait for an answer: longer than any retry inside the gateway. */
const answerWithinMs = 60_000

/** Plays one fixture on a stage made for it. Returns everything that is not as it says; throws when it could not be played. */
export const runFixture = async (
  planned: PlannedFixture,
  { nodesFor, defaultModelName }: Stage,
  bench: FixtureBench,
): Promise<Difference[]> => {
  const { fixture, byDefault } = planned
  const { backend } = fixture
  const nodes = nodesFor(planned)
  for (const node of nodes) {
    const expected = backend?.expect.url === undefined || isUnder(node.endpoint, backend.expect.url)
    node.script(expected ? (backend?.reply ?? null) : null)
  }
  const keysNeverFetched = fixture.notes.some((note) => /key set never fetched/.test(note))
  const ingress = await bench.ingresses.open(environmentOf(fixture, keysNeverFetched, bench), {
    ready: !keysNeverFetched,
  })

  const nowS = Math.floor(Date.now() / 1000)
  const jwt = fixture.auth.mode === 'jwt' ? { jwt: await bench.mint.mint(fixture, nowS) } : {}
  const {
    method,
    path,
    headers,
    body,
    raw_body: raw,
  } = expandPlaceholders(fixture.request, { nowS, pem: bench.mint.pem, ...jwt })
  const text = raw ?? (body === undefined || body === null ? null : JSON.stringify(body))
  const answer = await sendRequest(ingress.apiUrl, { method, path, headers, body: text }, answerWithinMs)

  const facts: PlaceholderFacts = {
    requestHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    defaultModelNames:
      byDefault === null
        ? []
        : [byDefault.servedName, byDefault.family, ...(defaultModelName === null ? [] : [defaultModelName])],
    nowS,
  }
  const calls = nodes.flatMap((node) => node.calls)
  return [
    ...compareResponse(fixture, answer, facts),
    ...compareNodeCalls(fixture, calls, facts),
    ...lateness(fixture, answer.tookMs),
  ]
}

/** The fixture's own variables, and what its token or its precondition asks for besides. */
const environmentOf = (fixture: Fixture, keysNeverFetched: boolean, bench: FixtureBench): Record<string, string> => ({
  ...(isGatewayIssued(fixture) ? { AIGW_SELF_SIGNED_JWT__SIGNING_KEY: bench.mint.pem } : {}),
  ...(keysNeverFetched ? { AIGW_GITLAB_URL: refusingOrigin(0) } : {}),
  ...expandPlaceholders(fixture.auth.env, { nowS: 0, pem: bench.mint.pem }),
})

/** Some notes set a limit: `must finish within 3 s`. */
const lateness = ({ notes }: Fixture, tookMs: number): Difference[] => {
  const limits = notes.flatMap((note) => /\bmust finish within (\d+(?:\.\d+)?) ?s\b/.exec(note)?.[1] ?? []).map(Number)
  return limits
    .filter((seconds) => tookMs > seconds * 1000)
    .map((seconds) => ({ path: 'time', expected: `within ${seconds} s`, got: `${Math.round(tookMs)} ms` }))
}
