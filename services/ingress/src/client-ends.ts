import { RequestFailure } from '@penstock/contracts'
import type { EndPart } from '@penstock/contracts'
import type { Logger } from '@penstock/runtime'
import { outcomeOf } from './owned-request.ts'
import type { Client, Owned } from './owned-request.ts'
import type { RequestRecords } from './request-records.ts'

export interface ClientEndsDependencies {
  records: RequestRecords
  log: Logger
  now(): number
  /** The call is over: its end is recorded, and it hears of it next. */
  closed(owned: Owned, client: Client): void
}

/** Ends calls: the record first, then the last that the client hears. */
export class ClientEnds {
  readonly #deps: ClientEndsDependencies

  constructor(dependencies: ClientEndsDependencies) {
    this.#deps = dependencies
  }

  async finish(owned: Owned, client: Client, end: EndPart): Promise<void> {
    const durable = await this.#deps.records.completed(owned, client, end)
    this.#end(owned, client, end, durable, undefined)
  }

  /** Of a superseded call: what was said so far, which mostly is nothing, is a whole answer. */
  async finishEmpty(owned: Owned, client: Client): Promise<void> {
    await owned.submitting
    if (owned.accepted === null)
      return this.fail(owned, client, new RequestFailure('cancelled', { retryAfterMs: 1000 }))
    const durable = await this.#deps.records.superseded(owned, client)
    const end: EndPart = { kind: 'end', finishReason: 'stop', usage: null, node: null }
    return this.#end(owned, client, end, durable, 'superseded')
  }

  async fail(owned: Owned, client: Client, failure: RequestFailure): Promise<void> {
    await this.#deps.records.failed(owned, client, failure.code)
    this.#close(owned, client, failure.code)
    client.parts.fail(failure)
  }

  #end(owned: Owned, client: Client, end: EndPart, durable: boolean, outcome: string | undefined): void {
    this.#close(owned, client, durable ? outcome : 'audit_unavailable')
    if (durable) client.parts.push(end)
    else client.parts.fail(new RequestFailure('audit_unavailable', { retryAfterMs: 1000 }))
  }

  #close(owned: Owned, client: Client, outcome: string | undefined): void {
    const { request, intake, span } = client
    this.#deps.closed(owned, client)
    span.end(outcome)
    this.#deps.log.info(
      {
        request_id: request,
        correlation_id: intake.correlationId,
        trace_id: span.traceId,
        feature: intake.feature,
        pool: owned.accepted?.pool,
        outcome: outcome ?? 'completed',
        ...outcomeOf(owned, client, this.#deps.now()),
      },
      'request ended',
    )
  }
}
