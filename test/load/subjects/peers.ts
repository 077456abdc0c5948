import { writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@penstock/local-stack'
import { testModel } from '../../stack/seed-config.ts'
import { Unavailable, peerFolder } from './peer-folder.ts'
import type { PeerPackage } from './peer-folder.ts'
import { startPeerProcess } from './peer-process.ts'
import type { PeerCommand } from './peer-process.ts'
import type { StartContext, SubjectKind } from './subject-kind.ts'
import type { Target } from './subject.ts'

interface Peer {
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly source: PeerPackage
  /** How it is started on a port, in front of nodes given by their origins. */
  readonly command: (where: {
    folder: string
    files: string
    port: number
    spare: number
    nodes: readonly string[]
  }) => PeerCommand | Promise<PeerCommand>
  readonly model?: string
  /** Several: it has no balancing of its own that can be used without its hosted part, so the client picks the node. */
  readonly targets?: (origin: string, nodes: readonly string[]) => [Target, ...Target[]]
}

const peer = ({ name, version, summary, source, command, model, targets }: Peer): SubjectKind => ({
  name,
  summary,
  async start({ stack, held, folder: files, signal, onProgress }: StartContext) {
    const folder = await peerFolder(`${name}-${version}`, source, onProgress)
    const nodes = stack.nodes.map(({ url }) => new URL(url).origin)
    const [port, spare] = [await freePort(), await freePort()]
    const { pid } = held.use(await startPeerProcess(await command({ folder, files, port, spare, nodes }), signal))
    const origin = `http://127.0.0.1:${port}`
    const one: Target = {
      origin,
      model: model ?? testModel.servedName,
      headers: () => ({ authorization: `Bearer ${key}` }),
    }
    return {
      name,
      version,
      targets: targets?.(origin, nodes) ?? [one],
      pids: () => new Map([[name, pid]]),
    }
  },
})

/** What peers that ask for a key are given: theirs alone, on the loopback, for one run. */
const key = 'sk-bench-5d0c6f1e9a7b4823'

const haproxy = peer({
  name: 'haproxy',
  version: 'debian',
  summary: 'Debian’s haproxy, least connections, one thread: the floor of any proxy',
  source: {
    registry: 'debian',
    packages: ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1', 'libpcre2-8-0'],
  },
  async command({ folder, files, port, nodes }) {
    const config = join(files, 'haproxy.cfg')
    await writeFile(
      config,
      `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  http-reuse always
  # Without it a small event waits up to 200 ms for more.
  option http-no-delay
frontend in
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance leastconn
${nodes.map((node, index) => `  server node${index} ${new URL(node).host}`).join('\n')}
`,
    )
    const triplet = arch() === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
    return {
      command: join(folder, 'usr/sbin/haproxy'),
      args: ['-db', '-f', config],
      env: { LD_LIBRARY_PATH: join(folder, 'usr/lib', triplet) },
      readyUrl: `http://127.0.0.1:${port}/health`,
    }
  },
})

const portkey = peer({
  name: 'portkey',
  version: '1.15.2',
  summary: 'Portkey AI Gateway 1.15.2; the client names the node in a header, as its open part has no live balancing',
  source: {
    registry: 'npm',
    packages: [
      '@portkey-ai/gateway@1.15.2',
      // Later releases of these break it at its first request.
      'hono@4.9.7',
      '@hono/node-server@1.13.5',
      '@hono/node-ws@1.2.0',
    ],
  },
  command: ({ folder, port }) => ({
    command: process.execPath,
    args: [
      '--import',
      join(import.meta.dirname, 'bind-loopback.mjs'),
      join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
      '--headless',
      `--port=${port}`,
    ],
    readyUrl: `http://127.0.0.1:${port}/`,
  }),
  targets(origin, nodes) {
    const through = (node: string): Target => ({
      origin,
      model: testModel.servedName,
      headers: () => ({
        authorization: `Bearer ${key}`,
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${node}/v1`,
      }),
    })
    const [first, ...others] = nodes.map(through)
    if (first === undefined) throw new Error('there are no nodes')
    return [first, ...others]
  },
})

const litellm = peer({
  name: 'litellm',
  version: '1.106.12',
  summary: 'LiteLLM proxy 1.106.12, least-busy routing, no retries, no database',
  // The newest whose proxy part resolves: later releases ask for a litellm-proxy-extras that the registry lacks.
  source: { registry: 'pypi', requirement: 'litellm[proxy]==1.106.12' },
  model: testModel.name,
  async command({ folder, files, port, nodes }) {
    const config = join(files, 'litellm.json')
    await writeFile(
      config,
      JSON.stringify({
        model_list: nodes.map((node) => ({
          model_name: testModel.name,
          litellm_params: { model: `openai/${testModel.servedName}`, api_base: `${node}/v1`, api_key: 'none' },
        })),
        router_settings: { routing_strategy: 'least-busy', num_retries: 0 },
      }),
    )
    return {
      command: join(folder, 'bin/litellm'),
      args: ['--host', '127.0.0.1', '--port', String(port), '--config', config, '--telemetry', 'False'],
      env: { LITELLM_MASTER_KEY: key, LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      readyUrl: `http://127.0.0.1:${port}/health/liveliness`,
      readyWithinMs: 120_000,
    }
  },
})

const rustRouter = (
  name: string,
  version: string,
  source: string,
  binary: string,
  launch: readonly string[],
): SubjectKind =>
  peer({
    name,
    version,
    summary: `${source} ${version}, cache-aware policy (its own default for prefix re-use)`,
    source: { registry: 'pypi', requirement: `${source}==${version}` },
    command: ({ folder, port, spare, nodes }) => ({
      command: join(folder, 'bin', binary),
      args: [
        ...launch,
        '--host=127.0.0.1',
        `--port=${port}`,
        '--policy=cache_aware',
        '--log-level=error',
        '--prometheus-host=127.0.0.1',
        `--prometheus-port=${spare}`,
        '--max-concurrent-requests=20000',
        '--worker-urls',
        ...nodes,
      ],
      readyUrl: `http://127.0.0.1:${port}/v1/models`,
    }),
  })

const unpublished: SubjectKind = {
  name: 'production-stack',
  summary: 'vLLM production-stack router',
  start: () =>
    Promise.reject(
      new Unavailable(
        'its router is in no package registry (on PyPI vllm-router is the Rust router); its policies take part as policies',
      ),
    ),
}

/** Every peer, in the order of the tables. */
export const peers: readonly SubjectKind[] = [
  haproxy,
  portkey,
  litellm,
  rustRouter('vllm-router', '0.1.17', 'vllm-router', 'vllm-router', []),
  rustRouter('sglang-router', '0.3.2', 'sglang-router', 'sglang-router', ['launch']),
  rustRouter('smg', '1.13.0', 'smg', 'smg', ['launch']),
  unpublished,
]
