import { NodeControl, NodeLoad, unknownHealth, unprovenHealth } from '@penstock/scheduling'
import type { NodeHealth } from '@penstock/scheduling'
import type { Backend } from './backends/backend.ts'
import type { NodeSpec } from './core/expand-nodes.ts'
import type { ModelList } from './core/model-list.ts'
import { NodeInspector } from './node-inspector.ts'

/** One node as this worker knows it: where it is, what is there, what it can take, how it is. */
export class WorkerNode {
  config: NodeSpec
  readonly backend: Backend
  /** Null: a server of another kind than vLLM, which tells nothing of itself. */
  readonly inspector: NodeInspector | null
  readonly load = new NodeLoad()
  readonly control = new NodeControl()
  health: NodeHealth
  /** What it last said that it serves; null: nothing yet. */
  models: ModelList | null = null
  /** Since when the configuration drains it, by the worker's clock; null: it does not. */
  drainingSince: number | null = null
  /** DNS names it no more: it goes with its last run. */
  left = false
  /** Something it answered makes it worth asking about itself. */
  checkSoon = false

  constructor(config: NodeSpec, backend: Backend, credential: string | null, now: number) {
    this.config = config
    this.backend = backend
    this.inspector = config.backend.kind === 'vllm' ? new NodeInspector(config.url, credential, config) : null
    // An operator listed it, or a name server did: that one has to prove itself before it gets work that others could do.
    this.health = config.address === null ? unknownHealth() : unprovenHealth(now)
  }

  /** Prompts wait for each other there. A vendor's gateway has any number of machines behind it. */
  get prefillsInTurn(): boolean {
    return this.config.backend.kind === 'vllm'
  }

  async close(): Promise<void> {
    await Promise.all([this.backend.close(), this.inspector?.close()])
  }
}
