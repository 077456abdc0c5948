import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NodeSettings } from '../node-settings.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'

/** One call of a route. */
export interface RouteCall {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly settings: NodeSettings
  readonly profile: VersionProfile
}

export type Route = (call: RouteCall) => void | Promise<void>

/** By path, then by method. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Route>>>>
