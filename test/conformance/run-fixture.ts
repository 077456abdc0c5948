import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Difference } from './compare.ts'
import { compareNodeCalls } from './compare-node-calls.ts'
import { compareResponse } from './compare-response.ts'
import type { ConfigRollout } from './config-rollout.ts'
import { expandPlaceholders } from './expand-placeholders.ts'
import type { IngressByEnv } from './ingress-by-env.ts'
import type { Fixture } from './load-fixture.ts'
import { makeConfig, sameEndpoint } from './make-config.ts'
import type { NodePlace } from './make-config.ts'
import type { PlaceholderFacts } from './match-placeholder.ts'
import { isGatewayIssued } from './mint-token.ts'
import type { TokenMint } from './mint-token.ts'
import { defaultModelReference, modelReferences } from './model-references.ts'
import type { ModelReference } from './model-references.ts'
import { startScriptedNode } from './scripted-node.ts'
import type { ScriptedNode } from './scripted-node.ts'
import { sendRequest } from './send-request.ts'

/** What all fixtures of a run share. */
export interface FixtureBench {
  readonly rollout: ConfigRollout
  readonly ingresses: IngressByEnv
  readonly mint: TokenMint
  /** Every service but the ingress. */
  readonly instances: readonly string[]
  /** For key files. */
  readonly dataDir: string
  /** URL of an issuer that nobody can reach. */
  readonly unreachableUrl: string
}

/** Longest wait for an answer: longer than any retry inside the gateway. */
const answerWithinMs = 60_000

/** Plays one fixture against the stack. Returns everything that is not as it says; throws when it could not be played. */
export const runFixture = async (fixture: Fixture, number: number, bench: FixtureBench): Promise<Difference[]> => {
  await using held = new AsyncDisposableStack()
  const nowS = Math.floor(Date.now() / 1000)
  const named = modelReferences(bodyOf(fixture))
  const byDefault = isServedByNamed(fixture, named) ? null : defaultModelReference(fixture)
  const nodes = await startNodes(fixture, [...named, ...(byDefault === null ? [] : [byDefault])], held)
  const places = await Promise.all(
    nodes.map(({ node, apiKey }, index) => placeOf(node, apiKey, join(bench.dataDir, `key-${number}-${index}`))),
  )

  const keysNeverFetched = fixture.notes.some((note) => /key set never fetched/.test(note))
  const ingress = await bench.ingresses.open(environmentOf(fixture, keysNeverFetched, bench), {
    ready: !keysNeverFetched,
  })
  const config = makeConfig({ prefix: `fixture-${number}`, nodes: places, models: named, defaultModel: byDefault })
  await bench.rollout.apply(config, [...bench.instances, ingress.instance])

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
        : [byDefault.servedName, byDefault.family, ...(config.models ?? []).map(({ name }) => name)],
    nowS,
  }
  const calls = nodes.flatMap(({ node }) => node.calls)
  return [
    ...compareResponse(fixture, answer, facts),
    ...compareNodeCalls(fixture, calls, facts),
    ...lateness(fixture, answer.tookMs),
  ]
}

/** Whether the call goes to a model that the request names, and not to the operator's own. */
const isServedByNamed = ({ backend }: Fixture, named: readonly ModelReference[]): boolean => {
  const url = backend?.expect.url
  return url === undefined ? named.length > 0 : named.some(({ endpoint }) => isUnder(endpoint, url))
}

const isUnder = (endpoint: string, url: string): boolean => url.startsWith(`${endpoint.replace(/\/+$/, '')}/`)

const bodyOf = ({ request }: Fixture): unknown => {
  if (request.raw_body === undefined) return request.body
  try {
    return JSON.parse(request.raw_body)
  } catch {
    return null
  }
}

/** One node for each endpoint; only the one that the fixture expects a call at plays its reply. */
const startNodes = async (
  { backend }: Fixture,
  models: readonly ModelReference[],
  held: AsyncDisposableStack,
): Promise<{ node: ScriptedNode; apiKey: string | null }[]> => {
  const nodes: { node: ScriptedNode; apiKey: string | null }[] = []
  for (const { endpoint, apiKey } of models) {
    if (nodes.some(({ node }) => sameEndpoint(node.endpoint, endpoint))) continue
    const expected = backend?.expect.url === undefined || isUnder(endpoint, backend.expect.url)
    const served = models.filter((model) => sameEndpoint(model.endpoint, endpoint)).map(({ servedName }) => servedName)
    const node = held.use(await startScriptedNode(endpoint, served, expected ? (backend?.reply ?? null) : null))
    nodes.push({ node, apiKey })
  }
  return nodes
}

const placeOf = async ({ endpoint, url }: ScriptedNode, apiKey: string | null, keyFile: string): Promise<NodePlace> => {
  if (apiKey !== null) await writeFile(keyFile, apiKey, { mode: 0o600 })
  return { endpoint, url, keyFile: apiKey === null ? null : keyFile }
}

/** The fixture's own variables, and what its token or its precondition asks for besides. */
const environmentOf = (fixture: Fixture, keysNeverFetched: boolean, bench: FixtureBench): Record<string, string> => ({
  ...(isGatewayIssued(fixture) ? { AIGW_SELF_SIGNED_JWT__SIGNING_KEY: bench.mint.pem } : {}),
  ...(keysNeverFetched ? { AIGW_GITLAB_URL: bench.unreachableUrl } : {}),
  ...expandPlaceholders(fixture.auth.env, { nowS: 0, pem: bench.mint.pem }),
})

/** Some notes set a limit: `must finish within 3 s`. */
const lateness = ({ notes }: Fixture, tookMs: number): Difference[] => {
  const limits = notes.flatMap((note) => /\bmust finish within (\d+(?:\.\d+)?) ?s\b/.exec(note)?.[1] ?? []).map(Number)
  return limits
    .filter((seconds) => tookMs > seconds * 1000)
    .map((seconds) => ({ path: 'time', expected: `within ${seconds} s`, got: `${Math.round(tookMs)} ms` }))
}
