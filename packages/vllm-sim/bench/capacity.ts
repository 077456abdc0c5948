import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { startSimulatedNode } from '../src/index.ts'
import type { SimulatedNode } from '../src/index.ts'

/**
 * How many simulated nodes and running sequences one process holds: starts `--nodes` nodes here and, in another process, clients that keep
 * `--streams` streams open on each. After `--seconds` of warming up it measures as long again, and prints what the nodes cost and whether
 * they kept the pace of the hardware they model.
 */
const { values, positionals: origins } = parseArgs({
  allowPositionals: true,
  options: {
    /** Be the clients of the nodes named behind. */
    clients: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '50' },
    streams: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '8' },
    profile: { type: 'string', default: 'llama-3.1-8b@h100' },
  },
})

/** The clients' side: asks again whenever an answer ends. */
const keepAsking = (streams: number): void => {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  let asked = 0
  const ask = (origin: string): void => {
    const body = JSON.stringify({ prompt: `question ${asked++}`, max_tokens: 300 + (asked % 100), stream: true })
    const headers = { 'content-type': 'application/json' }
    const call = request(`${origin}/v1/completions`, { method: 'POST', agent, headers }, (response) =>
      response.resume().on('end', () => ask(origin)),
    )
    call.on('error', (error) => process.stderr.write(`${error.message}\n`)).end(body)
  }
  for (const origin of origins) for (let stream = 0; stream < streams; stream++) ask(origin)
}

const tokensMade = (nodes: readonly SimulatedNode[]): number =>
  nodes.reduce((sum, node) => sum + node.totals().tokens, 0)

const measure = async (streams: number, seconds: number): Promise<void> => {
  await using stack = new AsyncDisposableStack()
  const nodes: SimulatedNode[] = []
  for (let count = 0; count < Number(values.nodes); count++)
    nodes.push(stack.use(await startSimulatedNode({ performance: { profile: values.profile } })))
  const options = ['--clients', '--streams', String(streams)]
  const clients = fork(import.meta.filename, [...options, ...nodes.map((node) => node.origin)])
  stack.defer(() => void clients.kill('SIGKILL'))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const [cpu, startedAt, tokens] = [process.cpuUsage(), performance.now(), tokensMade(nodes)]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const used = process.cpuUsage(cpu)
  const wallMs = performance.now() - startedAt
  const gaps = nodes
    .flatMap((node) => node.requests())
    .flatMap(({ sequences }) => sequences)
    .filter(({ outputTokens }) => outputTokens > 50)
    .map((trace) => ((trace.lastTokenAt ?? 0) - (trace.firstTokenAt ?? 0)) / (trace.outputTokens - 1))
  const result = {
    profile: values.profile,
    nodes: nodes.length,
    streamsPerNode: streams,
    cpuOfOneCore: Number(((used.user + used.system) / 1000 / wallMs).toFixed(2)),
    tokensPerSecond: Math.round(((tokensMade(nodes) - tokens) / wallMs) * 1000),
    tpotMeanMs: Number((gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toFixed(2)),
    rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

if (values.clients) keepAsking(Number(values.streams))
else await measure(Number(values.streams), Number(values.seconds))
