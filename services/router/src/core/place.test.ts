import { ConfigDocument } from '@penstock/config'
import { Envelope, errorCodes } from '@penstock/contracts'
import type { ModelReference } from '@penstock/contracts'
import { describe, expect, test } from 'vitest'
import { place } from './place.ts'
import type { PlaceFacts } from './place.ts'

const document = ConfigDocument.parse({
  nodes: [{ name: 'n', url: 'http://node.test/v1', aliases: ['http://alias.test/v1'] }],
  pools: [
    { name: 'fast', nodes: ['n'], queue: { jobsMax: 3 } },
    { name: 'slow', nodes: ['n'] },
  ],
  models: [
    { name: 'coder', family: 'codestral', servedName: 'served/coder', pool: 'fast' },
    { name: 'chatter', family: 'general', servedName: 'served/chatter', pool: 'slow' },
  ],
  features: { 'code-completion': { model: 'coder', lane: 'completion' }, off: { inactive: true } },
})

const envelope = (model: ModelReference, over: Partial<Envelope> = {}): Envelope =>
  Envelope.parse({
    request: '0'.repeat(32),
    attempt: 1,
    ingress: 'i-1',
    feature: 'code-completion',
    model,
    principal: 'someone',
    bodyBytes: 100,
    promptTokensEstimate: 10,
    outputTokensMax: 10,
    affinity: [],
    msLeft: 1000,
    resumed: false,
    avoidNodes: [],
    ...over,
  })

const facts = (over: Partial<PlaceFacts> = {}): PlaceFacts => ({
  document,
  configVersion: 7,
  defaultLane: 'interactive',
  embeds: false,
  presence: () => 'serving',
  waiting: () => 0,
  refusedShare: () => 0,
  load: () => ({ slots: 0, freeSlots: 0, fullShare: 0, lanes: [] }),
  ...over,
})

describe('a request', () => {
  test('without a model goes to that of its feature, in the lane that the feature is given', () => {
    expect(place(envelope({ kind: 'default' }), facts())).toMatchObject({
      kind: 'placed',
      accepted: {
        kind: 'accepted',
        pool: 'fast',
        lane: 'completion',
        model: 'coder',
        family: 'codestral',
        configVersion: 7,
        rule: expect.any(String),
      },
    })
  })

  test.each(['chatter', 'served/chatter'])('that names the model %s gets it, in the lane of the feature', (name) => {
    const placed = place(envelope({ kind: 'name', name }, { feature: 'openai-chat' }), facts())
    expect(placed).toMatchObject({
      kind: 'placed',
      accepted: { pool: 'slow', lane: 'interactive', model: 'chatter' },
    })
  })

  test('with metadata gets the model behind the endpoint, and the family that its administrator chose', () => {
    const metadata = {
      kind: 'metadata',
      endpoint: 'http://alias.test/v1',
      identifier: 'openai/served/chatter',
    } as const
    expect(place(envelope({ ...metadata, family: 'llama3' }), facts())).toMatchObject({
      accepted: { model: 'chatter', family: 'llama3' },
    })
    expect(place(envelope({ ...metadata, family: 'unheard-of' }), facts())).toMatchObject({
      accepted: { family: 'general' },
    })
  })

  test('never chooses a destination: an endpoint that no node has is refused', () => {
    const foreign = {
      kind: 'metadata',
      endpoint: 'http://169.254.169.254/latest',
      identifier: 'served/chatter',
    } as const
    expect(place(envelope(foreign), facts())).toMatchObject({ kind: 'refused', code: 'unknown_model' })
  })

  test.each([
    ['an unknown model', envelope({ kind: 'name', name: 'other' }), 'unknown_model'],
    ['an inactive feature', envelope({ kind: 'default' }, { feature: 'off' }), 'model_inactive'],
    ['an inactive feature by name', envelope({ kind: 'name', name: 'coder' }, { feature: 'off' }), 'model_inactive'],
    ['a feature without a model', envelope({ kind: 'default' }, { feature: 'new' }), 'no_default_model'],
  ])('for %s is refused', (_what, asked, code) => {
    expect(place(asked, facts())).toMatchObject({ kind: 'refused', code })
    expect(errorCodes).toHaveProperty(code)
  })

  test('is judged by the pool and lane it would wait in', () => {
    const asked: string[] = []
    const refused = place(
      envelope({ kind: 'default' }),
      facts({ waiting: (pool, lane) => (asked.push(`${pool} ${lane}`), 3) }),
    )
    expect(refused).toMatchObject({ kind: 'refused', code: 'overloaded' })
    expect(asked).toEqual(['fast completion'])
  })

  const lanes = ['completion', 'interactive', 'background'] as const
  const busy = {
    slots: 2,
    freeSlots: 0,
    fullShare: 1,
    lanes: lanes.map((lane) => ({
      lane,
      waiting: lane === 'completion' ? 1 : 0,
      runsPerS: lane === 'completion' ? 20 : 0,
      serviceMs: 1000,
      minimumShare: 0,
      refusedShare: 0,
    })),
  }
  const bounds = (over: Partial<Envelope>, known: Partial<PlaceFacts> = {}) =>
    place(envelope({ kind: 'default' }, { msLeft: 20_000, ...over }), facts({ load: () => busy, ...known }))

  test('may wait as long as its lane or its queue limit says, behind as many jobs as start within it', () => {
    expect(bounds({})).toMatchObject({ bounds: { aheadMax: 17, perUserMax: 8 }, waitMaxMs: 900 })
    expect(bounds({ queueMsLeft: 500 })).toMatchObject({ bounds: { aheadMax: 9 }, waitMaxMs: 500 })
    const pools = document.pools.map((pool) => ({ ...pool, lanes: [{ name: 'completion' as const, waitMs: 2000 }] }))
    expect(bounds({}, { document: ConfigDocument.parse({ ...document, pools }) })).toMatchObject({ waitMaxMs: 2000 })
  })

  test('may wait the shorter the more of its lane had to be refused lately', () => {
    const asked: string[] = []
    const refusedShare = (pool: string, lane: string) => (asked.push(`${pool} ${lane}`), 0.5)
    expect(bounds({}, { refusedShare })).toMatchObject({ bounds: { aheadMax: 0 }, waitMaxMs: 72 })
    expect(asked).toEqual(['fast completion'])
  })

  test('of a paused pool waits as long as it may: there is no rate to go by', () => {
    const pools = document.pools.map((pool) => ({ ...pool, mode: 'paused' as const }))
    const paused = { document: ConfigDocument.parse({ ...document, pools }) }
    expect(bounds({}, paused)).toMatchObject({ kind: 'placed', bounds: { aheadMax: Infinity } })
  })

  test('that may take the place of an older one is sent to a full lane too', () => {
    const asked = envelope({ kind: 'default' }, { replaceKey: 'k' })
    expect(place(asked, facts({ waiting: () => 3 }))).toMatchObject({ kind: 'placed' })
  })

  test('of a lane that the pool does not have waits in its last', () => {
    const narrow = ConfigDocument.parse({
      ...document,
      pools: document.pools.map((pool) => ({ ...pool, lanes: [{ name: 'interactive' }, { name: 'background' }] })),
      features: { 'code-completion': { model: 'coder' } },
    })
    const placed = place(envelope({ kind: 'default' }), facts({ document: narrow, defaultLane: 'completion' }))
    expect(placed).toMatchObject({ accepted: { lane: 'background' } })
  })

  test('is held while a pool with a waiting room has no node, up to the room of it', () => {
    const pools = document.pools.map((pool) => ({ ...pool, waitingRoom: { jobsMax: 2, holdMs: 30_000 } }))
    const held = { document: ConfigDocument.parse({ ...document, pools }), presence: () => 'outage' as const }
    expect(place(envelope({ kind: 'default' }), facts({ ...held, waiting: () => 1 }))).toMatchObject({
      accepted: { holdMs: 30_000 },
      bounds: { jobsMax: 2, aheadMax: Infinity },
    })
    expect(place(envelope({ kind: 'default' }), facts({ ...held, waiting: () => 2 }))).toMatchObject({
      code: 'overloaded',
    })
  })
})

test('a pool that drains takes no new request, and goes on with those that clients already read', () => {
  const draining: ConfigDocument = {
    ...document,
    pools: document.pools.map((pool) => ({ ...pool, mode: 'draining' as const })),
  }
  expect(place(envelope({ kind: 'default' }), facts({ document: draining }))).toMatchObject({
    kind: 'refused',
    code: 'backend_unavailable',
  })
  expect(place(envelope({ kind: 'default' }, { resumed: true }), facts({ document: draining }))).toMatchObject({
    kind: 'placed',
  })
})
