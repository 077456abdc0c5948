import { describe, expect, test } from 'vitest'
import { formatProblems, parseConfig } from './parse-yaml.ts'
import { validateDocument } from './validate.ts'

const small = `
nodes:
  - name: gpu1
    url: HTTP://GPU1:80/v1/
pools:
  - name: code
    nodes: [gpu1]
models:
  - name: codestral
    family: codestral
    servedName: mistralai/Codestral-22B
    pool: code
`

describe('parseConfig', () => {
  test('fills in every default and writes endpoints in one spelling', () => {
    expect(parseConfig(small, { file: 'p.yaml' })).toEqual({
      ok: true,
      document: {
        nodes: [
          {
            name: 'gpu1',
            url: 'http://gpu1/v1',
            aliases: [],
            backend: { kind: 'vllm' },
            profile: 'v0.24',
            inFlightMax: 64,
            mode: 'active',
          },
        ],
        pools: [
          {
            name: 'code',
            nodes: ['gpu1'],
            mode: 'active',
            lanes: [
              { name: 'completion', minimumShare: 0 },
              { name: 'interactive', minimumShare: 0.2 },
              { name: 'background', minimumShare: 0.05 },
            ],
            queue: { jobsMax: 2000, bytesMax: 268_435_456, perUserMax: 8 },
          },
        ],
        models: [
          {
            name: 'codestral',
            family: 'codestral',
            servedName: 'mistralai/Codestral-22B',
            pool: 'code',
            identifiers: [],
            toolCalls: 'text',
            systemRole: 'own',
            contextTokens: 128_000,
          },
        ],
        defaults: {},
        features: {},
        gateways: [],
        isolation: 'instance',
        routing: [],
        openai: { keys: [] },
      },
    })
  })

  test('a document that went through it once is valid and unchanged the second time', () => {
    const first = parseConfig(small, { file: 'p.yaml' })
    if (!first.ok) throw new Error('refused')
    expect(validateDocument(JSON.parse(JSON.stringify(first.document)))).toEqual({ ok: true, document: first.document })
  })

  test('a name that nothing has is reported where it stands', () => {
    expect(problemsOf(small.replace('[gpu1]', '\n      - gpu1\n      - gpu9'))).toBe(
      'p.yaml:9:9 pools[0].nodes[1]: no node is named "gpu9"',
    )
    expect(problemsOf(small.replace('pool: code', 'pool: cod'))).toBe(
      'p.yaml:12:5 models[0].pool: no pool is named "cod"',
    )
  })

  test.each([
    ['features: {duo_chat: {model: x}}', 'p.yaml:13:23 features.duo_chat.model: no model is named "x"'],
    ['routing: [{family: a, model: x}]', 'p.yaml:13:23 routing[0].model: no model is named "x"'],
    [
      'routing: [{model: codestral}]',
      'p.yaml:13:11 routing[0]: names no endpoint, identifier or family, so it would match everything',
    ],
    [
      'features: {a: {firstByteMs: 900, totalMs: 800}}',
      'p.yaml:13:16 features.a.firstByteMs: is longer than totalMs, 800',
    ],
    ['openai: {keys: [{name: a, sha256: zz}]}', 'p.yaml:13:27 openai.keys[0].sha256: must be 64 hexadecimal digits'],
    ['feature: {}', 'p.yaml:13:1 feature: unknown key'],
    ['defaults: {model: x}', 'p.yaml:13:12 defaults.model: no model is named "x"'],
    ['defaults: {modell: codestral}', 'p.yaml:13:12 defaults.modell: unknown key'],
    [
      '  - {name: e, family: embedding, servedName: e, pool: code}\ndefaults: {model: e}',
      'p.yaml:14:12 defaults.model: "e" makes vectors, no text: give it to the features that ask for them',
    ],
    ['features: {chat: {gateway: x}}', 'p.yaml:13:19 features.chat.gateway: no gateway is named "x"'],
    [
      'gateways: [{name: g, url: "https://x"}]\nfeatures: {chat: {gateway: g, model: codestral}}',
      'p.yaml:14:19 features.chat.gateway: the feature has a model already: give one of them',
    ],
    ['features: {"A B": {}}', 'p.yaml:13:12 features["A B"]: must be a feature name: a-z, 0-9, _ and -, at most 64'],
    ['"__proto__": {x: 1}', 'p.yaml:13:1 __proto__: unknown key'],
  ])('%s', (line, problem) => {
    expect(problemsOf(`${small}${line}\n`)).toBe(problem)
  })

  test('a lane that the pool of the common model lacks is reported at the feature', () => {
    const oneLane = small.replace('nodes: [gpu1]', 'nodes: [gpu1]\n    lanes: [{name: completion}]')
    expect(problemsOf(`${oneLane}defaults: {model: codestral}\nfeatures: {chat: {lane: background}}\n`)).toBe(
      'p.yaml:15:19 features.chat.lane: pool "code" has no lane "background"',
    )
  })

  test.each([
    ['url: HTTP://GPU1:80/v1/', 'url: ftp://gpu1'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://user:pass@gpu1/v1'],
    ['url: HTTP://GPU1:80/v1/', 'url: gpu1:8000'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1?key=1'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1\n    credential: hunter2'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1\n    inFlightMax: 0'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1\n    profile: v9'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1\n    backend: {kind: tgi}'],
    ['url: HTTP://GPU1:80/v1/', 'url: http://gpu1/v1\n    backend: {kind: vllm, apiVersion: v1}'],
    ['name: gpu1', 'name: GPU_1'],
    ['family: codestral', 'family: unheard-of'],
    ['    servedName: mistralai/Codestral-22B\n', ''],
    ['nodes: [gpu1]', 'nodes: []'],
    ['nodes: [gpu1]', 'nodes: [gpu1, gpu1]'],
    ['nodes: [gpu1]', 'nodes: [gpu1]\n    lanes: [{name: fast}]'],
    [
      'nodes: [gpu1]',
      'nodes: [gpu1]\n    lanes: [{name: completion, minimumShare: 0.6}, {name: background, minimumShare: 0.6}]',
    ],
  ])('%s -> %s is refused', (before, after) => {
    expect(parseConfig(small.replace(before, after), { file: 'p.yaml' }).ok).toBe(false)
  })

  test('what a backend lacks is reported at its line', () => {
    const azure = (backend: string) => small.replace('HTTP://GPU1:80/v1/', `http://gpu1/v1\n    backend: ${backend}`)
    expect(problemsOf(azure('{kind: azure-openai}'))).toBe(
      'p.yaml:3:5 nodes[0].credential: is missing: Azure OpenAI answers nobody without a key',
    )
    expect(problemsOf(azure('{kind: azure-openai, apiVersion: latest}\n    credential: env:K'))).toBe(
      'p.yaml:5:35 nodes[0].backend.apiVersion: must be YYYY-MM-DD, YYYY-MM-DD-preview or v1',
    )
    expect(problemsOf(azure('{kind: openai, stream: false}'))).toBe('')
    expect(problemsOf(azure('{kind: bedrock}'))).toBe('p.yaml:5:5 nodes[0].backend.region: is missing')
    expect(problemsOf(azure('{kind: bedrock, region: Frankfurt}'))).toBe(
      'p.yaml:5:30 nodes[0].backend.region: must be a region such as eu-central-1',
    )
    const both = '{kind: bedrock, region: eu-central-1, accessKey: {id: env:A, secret: env:B}}\n    credential: env:K'
    expect(problemsOf(azure(both))).toBe(
      "p.yaml:5:52 nodes[0].backend.accessKey: is a second credential beside the node's own: give one of them",
    )
  })

  test('what discovery cannot work with is reported at its line', () => {
    const found = (discover: string, url = 'http://coder.gpu.svc:8000/v1') =>
      problemsOf(small.replace('HTTP://GPU1:80/v1/', `${url}\n    discover: ${discover}`))
    expect(found('{kind: dns-address}')).toBe('')
    expect(found('{kind: dns-srv, service: _http._tcp.coder.gpu.svc, everyMs: 2000, networks: [10.0.0.0/8]}')).toBe('')
    expect(found('{kind: dns-srv}')).toBe('p.yaml:5:5 nodes[0].discover.service: is missing')
    expect(found('{kind: dns-srv, service: "http://x"}')).toBe(
      'p.yaml:5:31 nodes[0].discover.service: must be a name in DNS, _http._tcp.coder.gpu.svc.cluster.local for instance',
    )
    expect(found('{kind: dns-address}\n    networks: [10.0.0.0/8]')).toBe(
      'p.yaml:6:5 nodes[0].networks: belongs into discover, whose addresses it is about',
    )
    expect(found('{kind: dns-address, networks: [10.0.0.0]}')).toBe(
      'p.yaml:5:46 nodes[0].discover.networks[0]: must be a network, 10.0.0.0/8 for instance',
    )
    expect(found('{kind: dns-address, everyMs: 5}')).toMatch(/^p\.yaml:5:\d+ nodes\[0\]\.discover\.everyMs: /)
    expect(found('{kind: consul}')).toMatch(/^p\.yaml:5:\d+ nodes\[0\]\.discover\.kind: /)
    for (const url of ['http://10.0.0.5:8000/v1', 'http://[fd00::5]:8000/v1'])
      expect(found('{kind: dns-address}', url)).toBe(
        'p.yaml:4:5 nodes[0].url: names an address: discovery needs a name in DNS',
      )
    expect(found('{kind: dns-address}\n    backend: {kind: bedrock, region: eu-central-1}')).toBe(
      'p.yaml:5:5 nodes[0].discover: is not for a backend of kind bedrock: its url is one endpoint',
    )
  })

  test('names, urls and aliases: what must be unique, and what need not', () => {
    const two = (second: string) => small.replace('pools:', `  - {name: gpu2, ${second}}\npools:`)
    expect(problemsOf(two('url: "http://gpu1/v1/"'))).toBe(
      'p.yaml:5:18 nodes[1].url: another node has the url "http://gpu1/v1"',
    )
    expect(problemsOf(two('url: "http://x"').replace('gpu2', 'gpu1'))).toBe(
      'p.yaml:5:6 nodes[1].name: another node is named "gpu1"',
    )
    const shared = two('url: "http://gpu2/v1", aliases: ["http://lb/v1"]').replace(
      'HTTP://GPU1:80/v1/',
      'http://gpu1/v1\n    aliases: [http://lb/v1]',
    )
    expect(problemsOf(shared)).toBe('')
    expect(problemsOf(shared.replace('models:', '  - {name: chat, nodes: [gpu1, gpu2]}\nmodels:'))).toBe('')
  })

  test('broken YAML is reported where it breaks', () => {
    expect(problemsOf('nodes:\n  - name: a\n   url: b\n')).toMatch(/^p\.yaml:3:\d+: /)
    expect(problemsOf(`${small}models: []\n`)).toMatch(/^p\.yaml:13:1: .*unique/)
    expect(problemsOf(`${small}---\na: 1\n`)).toMatch(/^p\.yaml:\d+:\d+: /)
    expect(problemsOf('nodes: !secret x\n')).toMatch(/^p\.yaml:1:8: /)
  })

  test('an alias stands for what it names; a bomb of aliases and an oversized file are refused', () => {
    expect(
      problemsOf(small.replace('[gpu1]', '&n [gpu1]').replace('models:', '  - {name: chat, nodes: *n}\nmodels:')),
    ).toBe('')
    const bomb = [
      'a0: &a0 [x,x,x,x,x,x,x,x,x]',
      ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join()}]`),
    ]
    expect(problemsOf(bomb.join('\n'))).toMatch(/alias/i)
    expect(problemsOf(`#${'x'.repeat(10 * 1024 * 1024)}`)).toBe('p.yaml:1:1: the file is larger than 10485760 bytes')
  })

  test('an empty file misses all that a document must have', () => {
    expect(problemsOf('{}')).toBe(['nodes', 'pools', 'models'].map((key) => `p.yaml:1:1 ${key}: is missing`).join('\n'))
    expect(parseConfig('', { file: 'p.yaml' }).ok).toBe(false)
  })
})

function problemsOf(text: string): string {
  const parsed = parseConfig(text, { file: 'p.yaml' })
  return parsed.ok ? '' : formatProblems(parsed.problems)
}
