import type { NodeSourceState, WorkerBeat } from '@penstock/contracts'

/** Beats older than this tell nothing: four missed ones. */
const currentMs = 2000

/** What the workers say in their beats of the names in DNS that stand for nodes. Instants are one monotonic clock, in ms. */
export class SourceStates {
  readonly #heard = new Map<string, { readonly at: number; readonly states: readonly NodeSourceState[] }>()

  heard({ worker, sources }: WorkerBeat, now: number): void {
    for (const [known, { at }] of this.#heard) if (now - at > currentMs) this.#heard.delete(known)
    if (sources === undefined) this.#heard.delete(worker)
    else this.#heard.set(worker, { at: now, states: sources })
  }

  /** Of each name, as the worker that is in trouble with it for longest sees it. */
  worst(now: number): NodeSourceState[] {
    const worst = new Map<string, NodeSourceState>()
    for (const { at, states } of this.#heard.values()) {
      if (now - at > currentMs) continue
      for (const state of states) {
        const known = worst.get(state.source)
        if (known === undefined || isWorse(state, known)) worst.set(state.source, state)
      }
    }
    return [...worst.values()]
  }
}

const isWorse = (one: NodeSourceState, other: NodeSourceState): boolean => {
  if ((one.trouble === null) !== (other.trouble === null)) return one.trouble !== null
  return one.troubleForMs === other.troubleForMs ? one.nodes < other.nodes : one.troubleForMs > other.troubleForMs
}

/** For people: `nodes of coder: ETIMEOUT for coder.gpu.svc, for 12 s; the 3 known last stay`. Null: no trouble. */
export const describeSourceTrouble = ({ source, nodes, trouble, troubleForMs }: NodeSourceState): string | null =>
  trouble === null
    ? null
    : `nodes of ${source}: ${trouble}, for ${Math.round(troubleForMs / 1000)} s; ` +
      (nodes === 0 ? 'no node is known' : `the ${nodes} known last stay`)
