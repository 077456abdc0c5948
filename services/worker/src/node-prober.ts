import type { Logger } from '@penstock/runtime'
import { isProbeDue } from '@penstock/scheduling'
import { countsAgainstNode, overloadsNode } from './core/judge-failure.ts'
import { ModelList } from './core/model-list.ts'
import { readNodeMetrics } from './core/read-node-metrics.ts'
import type { Inspected, NodeInspector } from './node-inspector.ts'
import type { NodeSet } from './node-set.ts'
import type { WorkerNode } from './worker-node.ts'

export interface NodeProberDependencies {
  nodes: NodeSet
  log: Logger
  /** Names under which the nodes of an entry must serve models, by the configuration. */
  servedNamesOf: (source: string) => readonly string[]
  now: () => number
}

const lookEveryMs = 250
/** Contract vllm §7: every 2–5 s. A node that answers calls well is asked less often. */
const checkEveryMs = 5000
const checkBusyEveryMs = 15_000
/** A node that answers nothing is asked again so soon, ms; twice nothing is a failure. */
const checkSilentAfterMs = 1000
const silentChecksMax = 2
/** An engine that hangs answers `/health` all the same: one token within this time, or the node stays out. */
const canaryWithinMs = 5000

/** Looks after the nodes beside the calls: lets ejected ones back after a canary, finds dead, sleeping, wrong and restarted ones. */
export class NodeProber implements Disposable {
  readonly #deps: NodeProberDependencies
  readonly #timer: NodeJS.Timeout
  readonly #busy = new Set<WorkerNode>()
  readonly #checkedAt = new WeakMap<WorkerNode, number>()
  readonly #startedAt = new WeakMap<WorkerNode, number>()
  readonly #silentChecks = new WeakMap<WorkerNode, number>()

  constructor(dependencies: NodeProberDependencies) {
    this.#deps = dependencies
    this.#timer = setInterval(() => this.#look(), lookEveryMs)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = this.#deps.now()
    for (const node of this.#deps.nodes.all) {
      if (this.#busy.has(node)) continue
      if (isProbeDue(node.health, now)) void this.#alone(node, () => this.#probe(node))
      else if (node.inspector !== null && (node.checkSoon || this.#isCheckDue(node, now)))
        void this.#alone(node, () => this.#check(node))
    }
  }

  async #alone(node: WorkerNode, ask: () => Promise<void>): Promise<void> {
    this.#busy.add(node)
    try {
      await ask()
    } catch (error) {
      this.#deps.log.warn({ err: error, node: node.config.name }, 'node cannot be probed')
    } finally {
      this.#busy.delete(node)
    }
  }

  /** Half open: one call of one token decides whether the node gets work again; where calls are paid for, the next job does. */
  async #probe(node: WorkerNode): Promise<void> {
    const { nodes, log, servedNamesOf } = this.#deps
    if (node.inspector === null) {
      nodes.letIn(node)
      return
    }
    await this.#check(node)
    // A sleeping node would keep the call until it wakes.
    const well =
      node.health.unfit !== 'asleep' && (await canary(node, node.inspector, servedNamesOf(node.config.source)[0]))
    if (well) nodes.answered(node)
    else nodes.probeFailed(node)
    log.info({ node: node.config.name }, well ? 'node is back' : 'node stays out')
  }

  async #check(node: WorkerNode): Promise<void> {
    node.checkSoon = false
    const { inspector } = node
    if (inspector === null) return
    const [health, models, metrics] = await Promise.all([
      inspector.get('/health'),
      inspector.get('/v1/models'),
      inspector.get('/metrics'),
    ])
    const facts = metrics?.status === 200 ? readNodeMetrics(metrics.text) : null
    if (models?.status === 200) node.models = new ModelList(models.text)
    const wrong = models?.status === 200 && !node.models?.servesAll(this.#deps.servedNamesOf(node.config.source))
    const unfit = facts?.asleep === true ? 'asleep' : wrong ? 'wrong-model' : null
    // A node that does not answer is judged by its calls: what it last said of itself stays.
    if (models !== null || metrics !== null) {
      if (unfit !== node.health.unfit)
        this.#deps.log.warn({ node: node.config.name, unfit }, unfit === null ? 'node is fit again' : 'node is unfit')
      this.#deps.nodes.judged(node, unfit)
    }
    if (facts !== null) this.#heardOfProcess(node, facts.processStartedAt)
    if (facts !== null) node.control.sized(facts.kvTokens)
    this.#judgeSilence(node, health, models === null && metrics === null)
    this.#checkedAt.set(node, this.#deps.now())
  }

  /** A node that nobody calls must not count as up when it is gone. One that answers calls just now is judged by them alone. */
  #judgeSilence(node: WorkerNode, health: Inspected | null, elsewhere: boolean): void {
    const proven = isProven(node, this.#deps.now())
    const silent = health === null && elsewhere && !proven
    const checks = silent ? (this.#silentChecks.get(node) ?? 0) + 1 : 0
    this.#silentChecks.set(node, checks)
    const dead = !proven && health !== null && health.status >= 500
    if (node.health.probeAt === null && (checks >= silentChecksMax || dead)) {
      this.#deps.log.warn({ node: node.config.name, status: health?.status }, 'node is down')
      this.#deps.nodes.failed(node)
    }
  }

  #heardOfProcess(node: WorkerNode, startedAt: number | null): void {
    if (startedAt === null) return
    const former = this.#startedAt.get(node)
    this.#startedAt.set(node, startedAt)
    if (former === undefined || former === startedAt) return
    this.#deps.nodes.restarted(node)
    this.#deps.log.info({ node: node.config.name }, 'node was started anew: what was learned of it is forgotten')
  }

  #isCheckDue(node: WorkerNode, now: number): boolean {
    const checkedAt = this.#checkedAt.get(node)
    if (checkedAt === undefined) {
      // The first checks of many nodes are spread over a part of the interval.
      this.#checkedAt.set(node, now - checkEveryMs * (0.8 + Math.random() * 0.2))
      return false
    }
    if (isProven(node, now)) return now - checkedAt >= checkBusyEveryMs
    return now - checkedAt >= ((this.#silentChecks.get(node) ?? 0) > 0 ? checkSilentAfterMs : checkEveryMs)
  }
}

/** It answered a call well just now, or streams bring bytes. */
const isProven = ({ health: { lastOkAt }, load }: WorkerNode, now: number): boolean =>
  (lastOkAt !== null && now - lastOkAt < checkEveryMs) || (load.silentForMs(now) ?? Infinity) < checkEveryMs

/** Asks for one token. A pool without a model leaves only the question whether the node answers at all. */
const canary = async (node: WorkerNode, inspector: NodeInspector, model: string | undefined): Promise<boolean> => {
  if (model === undefined) return (await inspector.get('/health'))?.status === 200
  const answer = await node.backend.answer({
    call: { kind: 'completion', prompt: 'ok', maxTokens: 1, temperature: 0 },
    servedName: model,
    answersAs: node.models?.answersAs(model) ?? null,
    cacheSalt: 'canary',
    requestId: 'canary',
    traceparent: undefined,
    signal: AbortSignal.timeout(canaryWithinMs),
    onParts: () => undefined,
  })
  if (answer.kind === 'end') return true
  // It says no to this call, but it is there: a model that completes no text, for example.
  return answer.trouble.kind === 'status' && !countsAgainstNode(answer.trouble) && !overloadsNode(answer.trouble)
}
