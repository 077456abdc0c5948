import type { ConfigDocument } from '@penstock/config'
import { NodeControl, NodeLoad, unknownHealth } from '@penstock/scheduling'
import type { NodeHealth } from '@penstock/scheduling'
import type { Backend } from './backends/backend.ts'
import { NodeInspector } from './node-inspector.ts'

export type NodeConfig = ConfigDocument['nodes'][number]

/** One node as this worker knows it: where it is, what is there, what it can take, how it is. */
export class WorkerNode {
  config: NodeConfig
  readonly backend: Backend
  /** Null: a server of another kind than vLLM, which tells nothing of itself. */
  readonly inspector: NodeInspector | null
  readonly load = new NodeLoad()
  readonly control = new NodeControl()
  health: NodeHealth = unknownHealth()
  /** Since when the configuration drains it, by the worker's clock; null: it does not. */
  drainingSince: number | null = null
  /** Something it answered makes it worth asking about itself. */
  checkSoon = false

  constructor(config: NodeConfig, backend: Backend, credential: string | null) {
    this.config = config
    this.backend = backend
    this.inspector = config.backend.kind === 'vllm' ? new NodeInspector(config.url, credential) : null
  }

  async close(): Promise<void> {
    await Promise.all([this.backend.close(), this.inspector?.close()])
  }
}
