import type { ConfigDocumentInput } from '@penstock/config'
import { startSimulatedNode, strikesNode } from '@penstock/vllm-sim'
import type { SimulatedNode } from '@penstock/vllm-sim'
import { startTestStack } from '../../stack/start-stack.ts'
import type { TestStack } from '../../stack/start-stack.ts'
import { ask, questionOf } from './ask.ts'
import type { Reply, Target } from './ask.ts'
import { apis, expectedOf, faultCases } from './fault-cases.ts'
import type { Api, FaultCase, Outcome } from './fault-cases.ts'

/** One fault, at one node or at every node of a model, as the clients of one API met it. */
export interface NodeFaultCell {
  readonly fault: string
  readonly at: 'one node' | 'every node'
  readonly api: Api
  readonly expected: string
  readonly got: string
  readonly tookMs: number
  /** Requests that the nodes saw for it. */
  readonly calls: number
}

export interface NodeFaultReport {
  readonly scenario: 'node-faults'
  readonly verdict: 'pass' | 'fail'
  readonly right: number
  readonly of: number
  /** Longest of the cells that a clock decides, ms. */
  readonly clockMsMax: number
  readonly failures: readonly string[]
  readonly cells: readonly NodeFaultCell[]
}

export interface NodeFaultOptions {
  readonly signal: AbortSignal
  readonly onProgress: (sentence: string) => void
  /** Which cells are played; all when absent. */
  readonly plays?: (plan: NodeFaultPlan) => boolean
}

export interface NodeFaultPlan {
  readonly case: FaultCase
  readonly at: NodeFaultCell['at']
  readonly api: Api
  readonly outcome: Outcome
}

interface Cell extends NodeFaultPlan, Target {
  readonly nodes: readonly [SimulatedNode, SimulatedNode]
}

const servedName = 'penstock-sim'
/** All cells at once would be measured against each other's load. */
const atOnce = 12

const plans = (): NodeFaultPlan[] =>
  faultCases.flatMap((each) =>
    apis.flatMap((api): NodeFaultPlan[] => [
      { case: each, at: 'one node', api, outcome: each.oneNode },
      ...(each.everyNode === undefined
        ? []
        : [{ case: each, at: 'every node', api, outcome: each.everyNode } as const]),
    ]),
  )

/**
 * Plays every fault of a node against every API, each cell with a model and two nodes of its own, so that none meets what another left
 * behind. A cell is right when its client saw exactly what the outcome table says.
 */
export const runNodeFaults = async ({
  signal,
  onProgress,
  plays = () => true,
}: NodeFaultOptions): Promise<NodeFaultReport> => {
  await using held = new AsyncDisposableStack()
  const cells: Cell[] = []
  for (const [index, plan] of plans().filter(plays).entries()) {
    const start = async () =>
      held.use(
        await startSimulatedNode({
          models: [servedName],
          ttftMs: 20,
          itlMs: 10,
          // The chat asks for 8192 tokens: its answers end by themselves.
          answerTokens: plan.api === 'chat-agent' ? { median: 60, sigma: 0 } : null,
        }),
      )
    const nodes = [await start(), await start()] as const
    cells.push({ ...plan, model: `cell-${index}`, servedName, endpoint: nodes[0].url, nodes })
  }
  const stack = held.use(
    await startTestStack({
      nodes: 1,
      workers: 1,
      routers: 1,
      signal,
      onNotice: onProgress,
      configure: (document) => withCells(document, cells),
    }),
  )
  const results: NodeFaultCell[] = []
  // What waits for clocks begins first.
  const queue = cells.toSorted((a, b) => Number(b.case.byClock ?? false) - Number(a.case.byClock ?? false))
  const line = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      signal.throwIfAborted()
      const result = await play(stack, cell)
      results.push(result)
      if (result.got !== result.expected) onProgress(sentenceOf(result))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, line))
  const failures = results.filter(({ got, expected }) => got !== expected).map(sentenceOf)
  if (failures.length > 0) {
    stack.keepFiles()
    onProgress(`logs of the failed run are in ${stack.dataDir}`)
  }
  const byClock = new Set(faultCases.flatMap(({ byClock: is, name }) => (is === true ? [name] : [])))
  return {
    scenario: 'node-faults',
    verdict: failures.length === 0 ? 'pass' : 'fail',
    right: results.length - failures.length,
    of: results.length,
    clockMsMax: Math.max(0, ...results.flatMap(({ fault, tookMs }) => (byClock.has(fault) ? [tookMs] : []))),
    failures,
    cells: results,
  }
}

const sentenceOf = ({ fault, at, api, expected, got }: NodeFaultCell): string =>
  `${at} ${fault}, ${api}: ${got} instead of ${expected}`

const withCells = (document: ConfigDocumentInput, cells: readonly Cell[]): ConfigDocumentInput => ({
  ...document,
  nodes: [
    ...document.nodes,
    ...cells.flatMap(({ model, nodes }) =>
      nodes.map(({ url }, index) => ({ name: `${model}-node-${index}`, url, inFlightMax: 16 })),
    ),
  ],
  pools: [
    ...document.pools,
    ...cells.map(({ model }) => ({ name: model, nodes: [`${model}-node-0`, `${model}-node-1`] })),
  ],
  models: [
    ...document.models,
    ...cells.map(({ model }) => ({ name: model, servedName, family: 'general' as const, pool: model })),
  ],
})

/** Asks once while all is well: the right answer, and the node that such a question goes to. Then again with the fault. */
const play = async (stack: TestStack, cell: Cell): Promise<NodeFaultCell> => {
  const { nodes, api } = cell
  const result = {
    fault: cell.case.name,
    at: cell.at,
    api,
    expected: expectedOf(cell.outcome, api),
  }
  const right = await tryAsk(api, stack, cell)
  if (typeof right === 'string' || right.failure !== null || right.text === '')
    return { ...result, got: `no answer while all was well: ${JSON.stringify(right)}`, tookMs: 0, calls: 0 }
  const seen = (): number => nodes.reduce((sum, node) => sum + node.requests().length, 0)
  const before = seen()
  // The same question goes where its prefix is cached.
  const struck = cell.at === 'every node' ? nodes : [nodes[0].requests().length > 0 ? nodes[0] : nodes[1]]
  const count = cell.at === 'every node' ? null : 1
  // Probes of the node are not what a fault of single requests is for.
  const match = strikesNode(cell.case.fault) ? {} : { prompt: questionOf(cell.model) }
  for (const node of struck) node.injectFault({ count, match, ...cell.case.fault })
  const reply = await tryAsk(api, stack, cell)
  const idle = cell.at === 'one node' && struck.some((node) => node.faultsWaiting().length > 0)
  const got = idle ? 'the fault met no request' : typeof reply === 'string' ? reply : seenBy(reply, right)
  const tookMs = typeof reply === 'string' ? 0 : reply.tookMs
  for (const node of nodes) node.clearFaults()
  return { ...result, got, tookMs, calls: seen() - before }
}

/** The reply, or how the connection broke. */
const tryAsk = (...asked: Parameters<typeof ask>): Promise<Reply | string> =>
  ask(...asked).catch((error: unknown) => String(error))

const seenBy = (reply: Reply, right: Reply): string => {
  if (reply.status === 421) return `421 ${reply.failure}`
  if (reply.status !== 200) return `${reply.status}${reply.retryAfter === null ? '' : ', retry-after'}`
  if (reply.failure !== null) return 'error event'
  return reply.text === right.text
    ? 'answer'
    : `another answer: …${JSON.stringify(reply.text.slice(-40))}, not …${JSON.stringify(right.text.slice(-40))}`
}
