import type { Accepted, EndPart, ErrorCode } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import type { Trail, TrailData, TrailType } from './outside.ts'
import { outcomeOf } from './owned-request.ts'
import type { Owned } from './owned-request.ts'

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

  accepted(owned: Owned, accepted: Accepted): Promise<boolean> {
    const { intake } = owned
    return this.#record(owned, 'request.accepted', {
      principal: intake.principal,
      feature: intake.feature,
      model: accepted.model,
      pool: accepted.pool,
      lane: accepted.lane,
      config_version: accepted.configVersion,
      rule: accepted.rule,
      body_bytes: intake.body.byteLength,
    })
  }

  completed(owned: Owned, end: EndPart): Promise<boolean> {
    return this.#record(owned, 'response.completed', {
      finish_reason: end.finishReason,
      node: end.node,
      prompt_tokens: end.usage?.promptTokens ?? null,
      completion_tokens: end.usage?.completionTokens ?? null,
      ...outcomeOf(owned, this.#deps.now()),
    })
  }

  /** The end of an accepted request; of one that was never accepted, a refusal, which nobody waits for. */
  async failed(owned: Owned, code: ErrorCode): Promise<void> {
    if (owned.acceptedDurable === null) {
      this.#deps.trail.release(owned.request)
      const { principal, feature } = owned.intake
      void this.#record(owned, 'request.refused', { code, principal, feature })
      return
    }
    await owned.acceptedDurable
    const leftByClient = code === 'cancelled' || code === 'client_too_slow'
    await this.#record(owned, leftByClient ? 'response.client_gone' : 'response.failed', {
      code,
      ...outcomeOf(owned, this.#deps.now()),
    })
  }

  async #record(owned: Pick<Owned, 'request' | 'intake'>, type: TrailType, data: TrailData): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>()
    const timer = setTimeout(() => resolve(false), this.#withinMs)
    const written = this.#deps.trail.record(type, owned.request, owned.intake.correlationId, data).then(
      () => true as const,
      (error: unknown) => {
        this.#deps.log.error({ err: error, request_id: owned.request }, 'audit record not written')
        return false as const
      },
    )
    const durable = await Promise.race([written, late])
    clearTimeout(timer)
    return durable
  }
}
