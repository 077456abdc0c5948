import type { IncomingHttpHeaders } from 'node:http'

/** Whether the instance allows its prompts to be logged, and so to be told what is wrong with them. */
export const isVerbose = (headers: IncomingHttpHeaders): boolean =>
  headers['x-gitlab-enabled-instance-verbose-ai-logs'] === 'true'

/** GitLab's flags as a set: an empty header holds one empty flag, a missing one none. */
export const enabledFeatureFlags = (headers: IncomingHttpHeaders): string[] => {
  const listed = headers['x-gitlab-enabled-feature-flags']
  return typeof listed === 'string' ? [...new Set(listed.split(','))] : []
}

/** Language servers from this version on send `code_context` on purpose (contract http §3). */
const contextSince = [7, 17, 1] as const

/** Whether the editor's related code is meant to be used. A missing or broken version counts as 0.0.0. */
export const sendsContext = (headers: IncomingHttpHeaders): boolean => {
  const header = headers['x-gitlab-language-server-version']
  const version = typeof header === 'string' ? /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(header) : null
  if (version === null) return false
  const numbers = version.slice(1).map(Number)
  const differing = contextSince.findIndex((number, index) => numbers[index] !== number)
  return differing < 0 || (numbers[differing] as number) > (contextSince[differing] as number)
}

/** Longer values say nothing more about who called. */
const labelCharsMax = 128

const labels = {
  gitlab_host_name: 'x-gitlab-host-name',
  gitlab_instance_id: 'x-gitlab-instance-id',
  gitlab_realm: 'x-gitlab-realm',
  gitlab_version: 'x-gitlab-version',
  gitlab_deployment_type: 'x-gitlab-deployment-type',
  gitlab_global_user_id: 'x-gitlab-global-user-id',
  gitlab_feature_enablement_type: 'x-gitlab-feature-enablement-type',
  gitlab_root_namespace_id: 'x-gitlab-root-namespace-id',
  gitlab_project_id: 'x-gitlab-project-id',
  gitlab_client_type: 'x-gitlab-client-type',
  gitlab_client_name: 'x-gitlab-client-name',
  gitlab_client_version: 'x-gitlab-client-version',
  gitlab_interface: 'x-gitlab-interface',
  gitlab_language_server_version: 'x-gitlab-language-server-version',
  user_agent: 'user-agent',
} as const

/** What the caller says about itself, for the log alone: nothing decides by it. */
export const labelsOf = (headers: IncomingHttpHeaders): Record<string, string> => {
  const found: Record<string, string> = {}
  for (const [label, header] of Object.entries(labels)) {
    const value = headers[header]
    if (typeof value === 'string' && value !== '')
      found[label] = value.slice(0, labelCharsMax).replace(/[^\x20-\x7e]/g, '?')
  }
  return found
}
