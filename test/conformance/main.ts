import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startDevIssuer } from '@penstock/local-stack'
import { abortedOnInterruption } from '../stack/interruption.ts'
import { startTestStack } from '../stack/start-stack.ts'
import { openConfigRollout } from './config-rollout.ts'
import { ingressByEnv } from './ingress-by-env.ts'
import { loadFixtures } from './load-fixture.ts'
import type { LoadedFixture } from './load-fixture.ts'
import { createTokenMint } from './mint-token.ts'
import { ownFixtures } from './own/index.ts'
import { planRounds } from './plan-rounds.ts'
import { playRound } from './play-round.ts'
import type { Verdict } from './play-round.ts'

const usage = 'npm run conformance -- [--fixtures DIR] [--only NAME[,NAME…]]   (NAME may end in *)'
const contractFolder = resolve(import.meta.dirname, 'fixtures')

/** What the store holds before the first fixture: a node that no request can mean. */
const emptyConfig = () => ({
  nodes: [{ name: 'nobody', url: 'http://127.0.0.1:9/v1' }],
  pools: [{ name: 'nobody', nodes: ['nobody'] }],
  models: [],
})

const nameOf = (loaded: LoadedFixture): string => ('fixture' in loaded ? loaded.fixture.name : loaded.file)

const isWanted =
  (only: readonly string[]) =>
  (loaded: LoadedFixture): boolean =>
    only.length === 0 ||
    only.some((name) => (name.endsWith('*') ? nameOf(loaded).startsWith(name.slice(0, -1)) : nameOf(loaded) === name))

/** Tells each verdict as it comes. Returns how many there were of each kind. */
const playAll = async (
  fixtures: readonly LoadedFixture[],
  signal: AbortSignal,
): Promise<{ passed: number; failed: number }> => {
  const sum = { passed: 0, failed: 0 }
  const tell = ({ name, problems }: Verdict): void => {
    const passed = problems.length === 0
    sum[passed ? 'passed' : 'failed'] += 1
    console.log([`${passed ? 'passed' : 'FAILED'}  ${name}`, ...problems].join('\n  '))
  }
  for (const each of fixtures) if ('problem' in each) tell({ name: each.file, problems: [each.problem] })

  await using held = new AsyncDisposableStack()
  const issuer = held.use(await startDevIssuer())
  const { stack, dataDir, workers } = held.use(
    await startTestStack({ nodes: 0, workers: 1, routers: 1, configure: emptyConfig, signal }),
  )
  const { natsUrl, redisUrl } = stack
  const rollout = held.use(await openConfigRollout({ natsUrl, redisUrl }))
  const ingresses = held.use(
    ingressByEnv({ natsUrl, redisUrl, dataDir, env: { AIGW_GITLAB_URL: issuer.url, AIGW_CUSTOMER_PORTAL_URL: '' } }),
  )
  const hand = { rollout, dataDir, instances: () => [...workers, 'router-1', ...ingresses.instances] }
  const bench = { ingresses, mint: createTokenMint(issuer) }
  const rounds = planRounds(fixtures.flatMap((each) => ('fixture' in each ? [each.fixture] : [])))
  for (const round of rounds) for await (const verdict of playRound(round, { bench, hand, signal })) tell(verdict)
  return sum
}

const main = async (args: string[]): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: { fixtures: { type: 'string' }, only: { type: 'string', multiple: true } },
  })
  const only = (values.only ?? []).flatMap((names) => names.split(','))
  const all =
    values.fixtures === undefined
      ? [...(await loadFixtures(contractFolder)), ...ownFixtures.map((fixture) => ({ file: fixture.name, fixture }))]
      : await loadFixtures(resolve(process.env['INIT_CWD'] ?? '.', values.fixtures))
  const fixtures = all.filter(isWanted(only))
  if (fixtures.length === 0)
    throw new Error(`no fixture${only.length === 0 ? '' : ` named ${only.join(', ')}`}\n${usage}`)
  const { passed, failed } = await playAll(fixtures, abortedOnInterruption())
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
