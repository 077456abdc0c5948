import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { ConfigDocumentInput } from '@penstock/config'
import { expect, test } from 'vitest'
import { completionBody, startTestApp } from './http-app.fixture.ts'
import type { TestApp } from './http-app.fixture.ts'

interface Asking {
  instance?: string
  user?: string
  namespace?: string
  token?: string
}

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

const startApp = (isolation: ConfigDocumentInput['isolation']): Promise<TestApp> =>
  startTestApp({ signingKey, now: Date.now, configure: { isolation } })

/** The keys under which the same completion of these callers may share anything. */
const shared = async (app: TestApp, { instance, user, namespace, token }: Asking) => {
  const response = await app.gitlab('/v2/completions', {
    // What a client may try: none of it is a field of the contract, and none of it may count.
    body: completionBody({
      model_provider: null,
      model_name: null,
      model_endpoint: null,
      model_identifier: null,
      cache_salt: namespace ?? 'mine',
      domain: 'mine',
    }),
    claims: instance === undefined ? {} : { sub: instance },
    headers: {
      ...(instance === undefined ? {} : { 'x-gitlab-instance-id': instance }),
      ...(user === undefined ? {} : { 'x-gitlab-global-user-id': user }),
      ...(namespace === undefined ? {} : { 'x-gitlab-root-namespace-id': namespace }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  })
  expect(response.status).toBe(200)
  const { domain, flightKey, affinity, replaceKey } = app.desk.asked.at(-1) ?? {}
  return { domain, flightKey, affinity, replaceKey }
}

test('users of an instance share caches and generations; another instance shares none of them', async () => {
  await using app = await startApp('instance')
  const ann = await shared(app, { user: 'ann', namespace: '7' })
  const bob = await shared(app, { user: 'bob', namespace: '8' })
  const stranger = await shared(app, { user: 'ann', namespace: '7', instance: randomUUID() })
  expect(ann.domain).toMatch(/^[\da-f]{32}$/)
  expect(bob).toEqual({ ...ann, replaceKey: expect.not.stringMatching(String(ann.replaceKey)) })
  expect(stranger.domain).not.toBe(ann.domain)
  expect(stranger.flightKey).not.toBe(ann.flightKey)
  expect(stranger.replaceKey).not.toBe(ann.replaceKey)
  for (const hash of stranger.affinity ?? []) expect(ann.affinity).not.toContain(hash)
})

test('by namespace, only GitLab itself is believed which one it is', async () => {
  await using app = await startApp('namespace')
  const ann = await shared(app, { user: 'ann', namespace: '7' })
  expect((await shared(app, { user: 'bob', namespace: '7' })).flightKey).toBe(ann.flightKey)
  expect((await shared(app, { user: 'ann', namespace: '8' })).domain).not.toBe(ann.domain)
  expect((await shared(app, { user: 'ann', namespace: '7', instance: randomUUID() })).domain).not.toBe(ann.domain)
  const tokenOf = async (user: string) =>
    (
      (await (
        await app.gitlab('/v1/code/user_access_token', { headers: { 'x-gitlab-global-user-id': user } })
      ).json()) as { token: string }
    ).token
  const eve = await shared(app, { user: 'eve', namespace: '7', token: await tokenOf('eve') })
  expect(eve.domain).not.toBe(ann.domain)
  expect((await shared(app, { user: 'eve', namespace: '8', token: await tokenOf('eve') })).domain).toBe(eve.domain)
  expect((await shared(app, { user: 'eve' })).domain).toBe(eve.domain)
})

test('by user, nobody shares with another', async () => {
  await using app = await startApp('user')
  const ann = await shared(app, { user: 'ann', namespace: '7' })
  expect(await shared(app, { user: 'ann', namespace: '8' })).toEqual(ann)
  expect((await shared(app, { user: 'bob', namespace: '7' })).flightKey).not.toBe(ann.flightKey)
})
