import { grantedScopes } from '../../auth/user-token.ts'
import type { IssueUserToken } from '../../auth/user-token.ts'
import type { Handler } from '../front.ts'
import { jsonAnswer } from '../http-answer.ts'
import { callerOf } from './code-answer.ts'

/**
 * `POST /v1/code/user_access_token`: a token with which an editor asks for completions directly. Without a signing key or a user it
 * fails as GitLab's gateway does, and editors go on through GitLab.
 */
export const userAccessToken =
  (dependencies: { readonly issueToken: IssueUserToken | null; readonly now: () => number }): Handler =>
  async (exchange) => {
    const principal = callerOf(exchange)
    if (principal.gatewayIssued || grantedScopes(principal).length === 0)
      return jsonAnswer(403, { detail: 'Unauthorized to create user access token' })
    // A token for nobody would be bound to no user and open to all of the instance.
    if (dependencies.issueToken === null || principal.globalUserId === undefined)
      return jsonAnswer(500, { detail: 'Failed to generate JWT' })
    const { token, expiresAt } = await dependencies.issueToken(principal, dependencies.now())
    return jsonAnswer(200, { token, expires_at: expiresAt }, { 'cache-control': 'no-store' })
  }
