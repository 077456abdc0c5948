import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort, startDevIssuer } from '@penstock/local-stack'
import { abortedOnInterruption } from '../stack/interruption.ts'
import { startTestStack } from '../stack/start-stack.ts'
import { openConfigRollout } from './config-rollout.ts'
import { ingressByEnv } from './ingress-by-env.ts'
import { loadFixtures } from './load-fixture.ts'
import type { LoadedFixture } from './load-fixture.ts'
import { createTokenMint } from './mint-token.ts'
import { runFixture } from './run-fixture.ts'
import type { FixtureBench } from './run-fixture.ts'

const usage = 'npm run conformance -- [--fixtures DIR] [--only NAME[,NAME…]]   (NAME may end in *)'
/** The contract's, and further ones of its form. */
const everyFolder = ['fixtures', 'fixtures-own'].map((folder) => resolve(import.meta.dirname, folder))

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

/** Why a fixture failed, a line each; empty when it passed. */
const play = async (loaded: LoadedFixture, number: number, bench: FixtureBench): Promise<string[]> => {
  if ('problem' in loaded) return [loaded.problem]
  try {
    const differences = await runFixture(loaded.fixture, number, bench)
    return differences.map(({ path, expected, got }) => `${path}\n    expected ${expected}\n    got      ${got}`)
  } catch (error) {
    return [`could not be played: ${error instanceof Error ? error.message : String(error)}`]
  }
}

const playAll = async (
  fixtures: readonly LoadedFixture[],
  signal: AbortSignal,
): Promise<{ passed: number; failed: number }> => {
  await using held = new AsyncDisposableStack()
  const issuer = held.use(await startDevIssuer())
  const { stack, dataDir, workers } = held.use(
    await startTestStack({ nodes: 0, workers: 1, routers: 1, configure: emptyConfig, signal }),
  )
  const { natsUrl, redisUrl } = stack
  const bench: FixtureBench = {
    rollout: held.use(await openConfigRollout({ natsUrl, redisUrl })),
    ingresses: held.use(
      ingressByEnv({ natsUrl, redisUrl, dataDir, env: { AIGW_GITLAB_URL: issuer.url, AIGW_CUSTOMER_PORTAL_URL: '' } }),
    ),
    mint: createTokenMint(issuer),
    instances: [...workers, 'router-1'],
    dataDir,
    unreachableUrl: `http://127.0.0.1:${await freePort()}`,
  }
  let failed = 0
  for (const [index, loaded] of fixtures.entries()) {
    signal.throwIfAborted()
    const problems = await play(loaded, index + 1, bench)
    if (problems.length > 0) failed += 1
    console.log([`${problems.length === 0 ? 'passed' : 'FAILED'}  ${nameOf(loaded)}`, ...problems].join('\n  '))
  }
  return { passed: fixtures.length - failed, failed }
}

const main = async (args: string[]): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: { fixtures: { type: 'string' }, only: { type: 'string', multiple: true } },
  })
  const folders =
    values.fixtures === undefined ? everyFolder : [resolve(process.env['INIT_CWD'] ?? '.', values.fixtures)]
  const only = (values.only ?? []).flatMap((names) => names.split(','))
  const fixtures = (await Promise.all(folders.map(loadFixtures))).flat().filter(isWanted(only))
  if (fixtures.length === 0)
    throw new Error(
      `no fixture${only.length === 0 ? '' : ` named ${only.join(', ')}`} in ${folders.join(', ')}\n${usage}`,
    )
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
