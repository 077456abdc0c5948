import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a header of a request may be; a list is sent as several lines. */
export type HeaderValue = string | readonly string[]

/** The model server's scripted answer. */
export interface FixtureReply {
  readonly connection_refused?: boolean
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Objects of an event stream; the string `[DONE]` ends it. */
  readonly sse_data?: readonly unknown[]
}

/** The call that the model server must get. */
export interface FixtureExpectation {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body_subset?: Readonly<Record<string, unknown>>
  readonly messages_contain?: readonly string[]
}

/** The answer that the client must get, in one of several forms. */
export interface FixtureResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly text?: string
  readonly ndjson?: readonly unknown[]
  readonly events?: readonly { readonly event?: string; readonly data: unknown }[]
  readonly concatenated_content?: string
  readonly framing?: string
}

/** One request and answer of the contract; the form is described in `docs/contract/http.md` §0. */
export interface Fixture {
  readonly name: string
  readonly auth: {
    readonly mode: string
    readonly scopes: readonly string[]
    readonly claims: Readonly<Record<string, unknown>>
    readonly env: Readonly<Record<string, string>>
  }
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, HeaderValue>>
    readonly body?: unknown
    readonly raw_body?: string
  }
  readonly backend: { readonly expect: FixtureExpectation; readonly reply: FixtureReply } | null
  readonly response: FixtureResponse
  readonly volatile: readonly string[]
  readonly notes: readonly string[]
}

/** A file of the folder: a fixture, or why it is none. */
export type LoadedFixture = { readonly file: string } & ({ readonly fixture: Fixture } | { readonly problem: string })

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a fixture with everything optional filled in. Throws an error that says what is missing. */
export const parseFixture = (text: string): Fixture => {
  const value = JSON.parse(text) as unknown
  const missing = (what: string): Error => new Error(`not a fixture: ${what}`)
  if (!isObject(value)) throw missing('no object')
  const { name, request, response, auth, backend, volatile = [], notes = [] } = value
  if (typeof name !== 'string') throw missing('no name')
  if (!isObject(request) || typeof request['method'] !== 'string' || typeof request['path'] !== 'string')
    throw missing('no request with method and path')
  if (!isObject(response) || typeof response['status'] !== 'number') throw missing('no response with a status')
  if (!Array.isArray(volatile) || !Array.isArray(notes)) throw missing('volatile and notes must be lists')
  const withHeaders = (part: Json): Json => ({ ...part, headers: part['headers'] ?? {} })
  const { mode = 'none', scopes = [], claims = {}, env = {} } = isObject(auth) ? auth : {}
  const parts: Record<keyof Fixture, unknown> = {
    name,
    auth: { mode, scopes, claims, env },
    request: withHeaders(request),
    backend: isObject(backend) ? { expect: backend['expect'] ?? {}, reply: backend['reply'] ?? {} } : null,
    response: withHeaders(response),
    volatile,
    notes,
  }
  return parts as Fixture
}

/** Every `.json` file of a folder, in the order of their names. Throws when the folder cannot be read. */
export const loadFixtures = async (folder: string): Promise<LoadedFixture[]> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (file) => {
      try {
        return { file, fixture: parseFixture(await readFile(join(folder, file), 'utf8')) }
      } catch (error) {
        return { file, problem: error instanceof Error ? error.message : String(error) }
      }
    }),
  )
}
