import type { DevIssuer } from '@penstock/local-stack'
import { SIMULATED_MODEL } from './development-config.ts'

export interface GreetingFacts {
  readonly apiUrl: string
  readonly metricsUrl: string
  readonly logsFolder: string
  readonly gitlabUrl: string
  /** Null: tokens come from a real GitLab. */
  readonly issuer: DevIssuer | null
  /** Null: the configuration is the user's own. */
  readonly openaiKey: string | null
  /** What \`penstock\` must be told to find this stack, beyond what the user's own environment says. */
  readonly operatorEnvironment: Readonly<Record<string, string>>
}

const completionBody = JSON.stringify({
  prompt_version: 1,
  project_path: 'demo/app',
  current_file: { file_name: 'add.py', content_above_cursor: 'def add(a, b):\n    ', content_below_cursor: '' },
})

const chatBody = JSON.stringify({
  model: SIMULATED_MODEL,
  stream: true,
  max_tokens: 60,
  messages: [{ role: 'user', content: 'Say hello' }],
})

const completionRequest = async (apiUrl: string, issuer: DevIssuer): Promise<string> =>
  [
    `curl ${apiUrl}/v2/code/completions`,
    `-H 'Authorization: Bearer ${await issuer.sign({ scopes: ['complete_code'] })}'`,
    `-H 'X-Gitlab-Authentication-Type: oidc'`,
    `-H 'X-Gitlab-Instance-Id: ${issuer.instanceId}'`,
    `-H 'X-Gitlab-Realm: self-managed'`,
    `-H 'Content-Type: application/json'`,
    `-d '${completionBody}'`,
  ].join(' \\\n  ')

const chatRequest = (apiUrl: string, openaiKey: string): string =>
  [
    `curl -N ${apiUrl}/v1/chat/completions`,
    `-H 'Authorization: Bearer ${openaiKey}'`,
    `-H 'Content-Type: application/json'`,
    `-d '${chatBody}'`,
  ].join(' \\\n  ')

/** What `npm start` says once everything serves. */
export const greeting = async (facts: GreetingFacts): Promise<string> => {
  const { apiUrl, issuer, openaiKey } = facts
  return [
    `Penstock is ready: ${apiUrl}`,
    `  metrics ${facts.metricsUrl}/metrics   logs ${facts.logsFolder}`,
    '',
    ...(issuer === null
      ? [`Accepts tokens of ${facts.gitlabUrl}.`]
      : [
          '*** DEVELOPMENT MODE, NOT FOR PRODUCTION: the tokens accepted here are signed by an issuer of our own. ***',
          '*** Set AIGW_GITLAB_URL to your GitLab to accept its tokens, and no others. ***',
        ]),
    ...(openaiKey === null
      ? []
      : ['Answers come from two simulated nodes. Set PENSTOCK_SEED_CONFIG to a configuration with your own.']),
    ...(issuer === null
      ? []
      : [
          '',
          'A code completion as GitLab asks for it (the token is good for an hour):',
          '',
          await completionRequest(apiUrl, issuer),
        ]),
    ...(openaiKey === null
      ? []
      : ['', 'A streamed chat, as OpenAI clients ask for it:', '', chatRequest(apiUrl, openaiKey)]),
    '',
    'In another terminal: what waits and runs where; `explain` with the x-request-id of an answer tells its whole story:',
    '',
    `export ${Object.entries(facts.operatorEnvironment)
      .map(([name, value]) => `${name}='${value}'`)
      .join(' ')}`,
    'npm run penstock -- top',
    '',
    'Ctrl-C stops everything.',
  ].join('\n')
}
