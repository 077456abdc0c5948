import type { IncomingHttpHeaders } from 'node:http'

/** What a vendor's gateway may know of a call (contract http §3). Cookies and forwarding headers are not in it. */
const headerNames = [
  'accept',
  'user-agent',
  'x-request-id',
  'x-gitlab-authentication-type',
  'x-gitlab-client-name',
  'x-gitlab-client-type',
  'x-gitlab-client-version',
  'x-gitlab-deployment-type',
  'x-gitlab-enabled-feature-flags',
  'x-gitlab-feature-enabled-by-namespace-ids',
  'x-gitlab-feature-enablement-type',
  'x-gitlab-global-user-id',
  'x-gitlab-host-name',
  'x-gitlab-instance-id',
  'x-gitlab-interface',
  'x-gitlab-is-team-member',
  'x-gitlab-language-server-version',
  'x-gitlab-namespace-id',
  'x-gitlab-project-id',
  'x-gitlab-rails-send-start',
  'x-gitlab-realm',
  'x-gitlab-root-namespace-id',
  'x-gitlab-unit-primitive',
  'x-gitlab-user-id',
  'x-gitlab-version',
]

/** Members that name a model of our own and its key, wherever they stand in a body. */
const modelFields = new Set([
  'model_metadata',
  'model_endpoint',
  'model_api_key',
  'model_identifier',
  'model_provider',
  'model_name',
])

/** The headers that go along. `credential`: the gateway's own; null: the request's token, which the vendor issued or accepts. */
export const relayedHeaders = (headers: IncomingHttpHeaders, credential: string | null): Record<string, string> => {
  const authorization = credential === null ? headers.authorization : `Bearer ${credential}`
  return {
    'content-type': 'application/json',
    // What is passed on as it comes must not be packed.
    'accept-encoding': 'identity',
    ...(authorization === undefined ? {} : { authorization }),
    ...Object.fromEntries(
      headerNames.flatMap((name) => {
        const value = headers[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    ),
  }
}

/** The body as it leaves: where our models are and how they are opened stays here, at the top and in its components' payloads. */
export const relayedBody = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(relayedBody)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json)
      .filter(([name]) => !modelFields.has(name))
      .map(([name, value]) => [name, name === 'prompt_components' || name === 'payload' ? relayedBody(value) : value]),
  )
}
