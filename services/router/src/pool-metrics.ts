import type { ErrorCode, Lane, NodeSourceState, PoolReport } from '@penstock/contracts'
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

/**
 * The scaling signals of every pool, for Prometheus and KEDA. Every router shows the whole truth: take the maximum over routers, not
 * the sum. Labels come from the configuration and closed lists, so their number is bounded by it.
 */
export class PoolMetrics {
  readonly registry = new Registry()
  readonly #decisions: Counter<'pool' | 'lane' | 'decision'>

  constructor(reports: () => readonly PoolReport[]) {
    collectDefaultMetrics({ register: this.registry })
    const perLane = (name: string, help: string, value: (lane: PoolReport['lanes'][number]) => number): void =>
      void new Gauge({
        name,
        help,
        labelNames: ['pool', 'lane'],
        registers: [this.registry],
        collect() {
          this.reset()
          for (const { pool, lanes } of reports())
            for (const lane of lanes) this.set({ pool, lane: lane.lane }, value(lane))
        },
      })
    const perPool = (name: string, help: string, value: (pool: PoolReport) => number): void =>
      void new Gauge({
        name,
        help,
        labelNames: ['pool'],
        registers: [this.registry],
        collect() {
          this.reset()
          for (const report of reports()) this.set({ pool: report.pool }, value(report))
        },
      })
    const perSource = (name: string, help: string, value: (source: NodeSourceState) => number): void =>
      void new Gauge({
        name,
        help,
        labelNames: ['pool', 'source'],
        registers: [this.registry],
        collect() {
          this.reset()
          for (const { pool, sources = [] } of reports())
            for (const source of sources) this.set({ pool, source: source.source }, value(source))
        },
      })
    perLane('penstock_queue_depth', 'Requests that wait', ({ jobs }) => jobs)
    perLane('penstock_queue_bytes', 'Bytes of the bodies behind what waits', ({ bytes }) => bytes)
    perLane('penstock_queue_tokens', 'Prompt and output tokens of what waits', ({ tokens }) => tokens)
    perLane(
      'penstock_queue_oldest_seconds',
      'Wait of the request that has waited longest',
      (lane) => lane.oldestWaitMs / 1000,
    )
    perLane(
      'penstock_queue_expected_wait_seconds',
      'What a request that came now would wait',
      (lane) => (lane.expectedWaitMs ?? 0) / 1000,
    )
    perLane('penstock_pool_runs_per_second', 'Runs that started lately', ({ runsPerS }) => runsPerS)
    perPool('penstock_pool_slots', 'Runs that the nodes that are up take at once', ({ slots }) => slots)
    perPool('penstock_pool_in_flight', 'Runs under way', ({ inFlight }) => inFlight)
    perPool('penstock_pool_nodes_up', 'Nodes that take work', ({ nodesUp }) => nodesUp)
    perPool('penstock_pool_saturation_ratio', 'Runs under way and waiting over slots', ({ saturation }) => saturation)
    perPool('penstock_pool_desired_replicas', 'Nodes that the pool should have', ({ desiredNodes }) => desiredNodes)
    perSource('penstock_discovery_nodes', 'Nodes that a name in DNS stands for', ({ nodes }) => nodes)
    perSource(
      'penstock_discovery_trouble_seconds',
      'For how long DNS has given no answer that could be followed',
      ({ troubleForMs }) => troubleForMs / 1000,
    )
    this.#decisions = new Counter({
      name: 'penstock_admissions_total',
      help: 'Decisions about attempts, by what became of them',
      labelNames: ['pool', 'lane', 'decision'],
      registers: [this.registry],
    })
  }

  decided(pool: string | undefined, lane: Lane | undefined, decision: 'accepted' | ErrorCode): void {
    this.#decisions.inc({ pool: pool ?? 'none', lane: lane ?? 'none', decision })
  }
}
