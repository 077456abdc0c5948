import type { Accepted, EndPart, ErrorCode } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import type { Trail, TrailData, TrailType } from './outside.ts'
import { outcomeOf } from './owned-request.ts'
import type { Client, Owned } from './owned-request.ts'

export interface RecordDependencies {
  trail: Trail
  log: Logger
  now(): number
}

/** What the audit trail hears of a request. Every method says whether the record is on disk in time. */
export class RequestRecords {
  readonly #withinMs: number
  readonly #deps: RecordDependencies

  constructor(options: { withinMs: number }, dependencies: RecordDependencies) {
    this.#withinMs = options.withinMs
    this.#deps = dependencies
  }

  accepted(owned: Owned, client: Client, accepted: Accepted): Promise<boolean> {
    const { intake } = client
    return this.#record(client, 'request.accepted', {
      principal: intake.principal,
      tenant: intake.tenant,
      feature: intake.feature,
      model: accepted.model,
      pool: accepted.pool,
      lane: accepted.lane,
      config_version: accepted.configVersion,
      rule: accepted.rule,
      body_bytes: intake.body.byteLength,
      ...given('rank', accepted.rank),
      ...given('ahead', accepted.ahead),
      ...given('expected_wait_ms', accepted.expectedWaitMs),
      ...given('hold_ms', accepted.holdMs),
      ...given('took_place_of', accepted.replaced),
      // Equal calls that came together share the generation of the first.
      ...(client.request === owned.request ? {} : { generation: owned.request }),
    })
  }

  completed(owned: Owned, client: Client, end: EndPart): Promise<boolean> {
    return this.#record(client, 'response.completed', {
      finish_reason: end.finishReason,
      node: end.node,
      prompt_tokens: end.usage?.promptTokens ?? null,
      completion_tokens: end.usage?.completionTokens ?? null,
      ...this.#course(owned, client),
    })
  }

  /** The end of an accepted request; of one that was never accepted, a refusal, which nobody waits for. */
  async failed(owned: Owned, client: Client, code: ErrorCode): Promise<void> {
    const { refused } = owned
    if (client.acceptedDurable === null) {
      this.#refused(client, {
        code,
        ...given('pool', refused?.pool),
        ...given('lane', refused?.lane),
        ...given('why', refused?.message),
      })
      return
    }
    await client.acceptedDurable
    const leftByClient = code === 'cancelled' || code === 'client_too_slow'
    const byOthers = client.endedBy !== null
    const type = byOthers ? 'response.cancelled' : leftByClient ? 'response.client_gone' : 'response.failed'
    await this.#record(client, type, { code, ...this.#course(owned, client) })
  }

  /** A newer request took its place: its answer ends where it is, cleanly. */
  async superseded(owned: Owned, client: Client): Promise<boolean> {
    if (client.acceptedDurable === null) {
      this.#refused(client, { code: 'cancelled', ended_by: client.endedBy })
      return true
    }
    await client.acceptedDurable
    return this.#record(client, 'response.cancelled', { code: 'cancelled', ...this.#course(owned, client) })
  }

  #refused(client: Client, data: TrailData): void {
    this.#deps.trail.release(client.request)
    const { principal, tenant, feature } = client.intake
    void this.#record(client, 'request.refused', { principal, tenant, feature, ...data })
  }

  #course(owned: Owned, client: Client): TrailData {
    return {
      ...outcomeOf(owned, client, this.#deps.now()),
      wait_ms: owned.story.waitedMs,
      ...(client.endedBy === null ? {} : { ended_by: client.endedBy }),
      ...owned.story.facts(),
    }
  }

  async #record(client: Client, type: TrailType, data: TrailData): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>()
    const timer = setTimeout(() => resolve(false), this.#withinMs)
    const written = this.#deps.trail.record(type, client.request, client.intake.correlationId, data).then(
      () => true as const,
      (error: unknown) => {
        this.#deps.log.error({ err: error, request_id: client.request }, 'audit record not written')
        return false as const
      },
    )
    const durable = await Promise.race([written, late])
    clearTimeout(timer)
    return durable
  }
}

const given = (name: string, value: string | number | undefined): TrailData =>
  value === undefined ? {} : { [name]: value }
