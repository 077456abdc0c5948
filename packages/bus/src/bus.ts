import { setTimeout as delay } from 'node:timers/promises'
import { NoRespondersError, RequestError, connect } from '@nats-io/transport-node'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { EventKind, RequestKind } from '@penstock/contracts'
import { nextServer } from './next-server.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { fromNatsHeaders, toNatsHeaders } from './trace-headers.ts'
import type { TraceHeaders } from './trace-headers.ts'

export interface BusOptions {
  /** Comma-separated NATS URLs. */
  servers: string
  /** Client name, seen in NATS monitoring. */
  name: string
  /** First subject token: keeps deployments that share a NATS server apart. */
  subjectPrefix: string
  /** Told about messages that break their schema; they are dropped. */
  onInvalid: (problem: { subject: string; reason: string }) => void
  /** Told when a handler throws; the requester hears nothing and asks again. */
  onHandlerError: (problem: { subject: string; error: unknown }) => void
}

export interface Received<T> {
  message: T
  /** Attached bytes; empty when there were none. Valid only during the handler: copy to keep. */
  bytes: Uint8Array
  trace: TraceHeaders
}

export interface Answer<A> {
  reply: A
  bytes?: Uint8Array
}

export interface Serving {
  /** Takes no further request; settles when those that came are answered. Others in the queue group take over at once. */
  stop(): Promise<void>
}

export interface SendOptions {
  bytes?: Uint8Array
  trace?: TraceHeaders | undefined
}

export interface RequestOptions extends SendOptions {
  /** How often the question is sent in all. Default 3: rides over a NATS restart (0.2 s measured). */
  tries?: number
  /** Wait for an answer per try, ms. Default 300. */
  tryMs?: number
}

/** No answer came: nobody listens, or the bus is away. `noResponders`: the server said that nobody listens. */
export class BusUnavailable extends Error {
  readonly noResponders: boolean
  constructor(subject: string, noResponders: boolean, cause: unknown) {
    super(`no answer on ${subject}${noResponders ? ': nobody listens' : ''}`, { cause })
    this.name = 'BusUnavailable'
    this.noResponders = noResponders
  }
}

const measureEveryMs = 250
/** Time limits allow for so much by themselves: a busy machine measures tens of ms. */
const fastRoundTripMs = 50
/** Slower than that a network is as good as none. */
const slowWayMsMax = 2000

/** The first that succeeds; null when none does within the time, ms. */
const firstWithin = async <T>(asked: readonly Promise<T>[], ms: number): Promise<T | null> => {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(resolve, ms, null)
  try {
    return await Promise.race([Promise.any(asked), late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}

const noResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())

/**
 * Typed NATS. Every message is checked against its schema on the way in, requests and answers on the way out too. Core NATS may lose what is in flight, so
 * nothing here is durable: requests are idempotent and asked again, events are asked for again by whoever misses them.
 */
export class Bus implements AsyncDisposable {
  readonly #connection: NatsConnection
  readonly #options: BusOptions
  #known: number
  readonly #measureTimer: NodeJS.Timeout
  #measuringSince: number | null = null
  #roundTripMs = 0
  #connected = true
  #connectedSince = performance.now()

  private constructor(connection: NatsConnection, options: BusOptions) {
    this.#connection = connection
    this.#options = options
    this.#known = options.servers.split(',').length
    void this.#watchStatus()
    this.#measureTimer = setInterval(() => void this.#measureRoundTrip(), measureEveryMs)
  }

  /**
   * Connects; fails with a clear error when no server answers. Reconnect 50 ms and ping 500 ms x 2 recover in 0.2 s and notice
   * a frozen server in 1.4 s, where the library's defaults need 1.5 s and more than 6 s (measured, see the ADR on bus options).
   */
  static async connect(options: BusOptions): Promise<Bus> {
    try {
      const connection = await connect({
        servers: options.servers.split(','),
        name: options.name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        reconnectJitter: 20,
        pingInterval: 500,
        maxPingOut: 2,
        timeout: 2000,
        reconnectToServer: nextServer(),
        // Saves building an Error with its stack for every request.
        noAsyncTraces: true,
      })
      return new Bus(connection, options)
    } catch (cause) {
      throw new Error(`cannot reach NATS at ${options.servers}: ${String(cause)}`, { cause })
    }
  }

  /** False while the connection is down: clocks that judge others by their silence must stand still meanwhile. */
  get connected(): boolean {
    return this.#connected
  }

  /** How long the connection has been up without a break, ms; 0 while it is down. */
  get connectedForMs(): number {
    return this.#connected ? performance.now() - this.#connectedSince : 0
  }

  /** Servers that it can choose from, as configured or as the cluster tells. */
  get servers(): number {
    const told = this.#connection.info?.connect_urls?.length ?? 0
    return (this.#known = Math.max(this.#known, told))
  }

  /** To the server and back, ms: a network that is slow is not one that is gone. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** What a message takes now, ms, one that is still under way included. */
  get lagMs(): number {
    const underWayMs = this.#measuringSince === null ? 0 : performance.now() - this.#measuringSince
    return Math.max(this.#roundTripMs, underWayMs)
  }

  /** Events are the hot path (frames): their type is checked by the compiler, their schema by whoever hears them. */
  publish<T>(kind: EventKind<T>, ids: string[], message: T, send: SendOptions = {}): void {
    const payload = encodePayload(message, send.bytes)
    const headers = toNatsHeaders(send.trace)
    this.#connection.publish(this.#subject(kind, ids), payload, headers === undefined ? {} : { headers })
  }

  /**
   * Asks until an answer comes, at most `tries` times; a late answer to an earlier try is as good as any. Throws BusUnavailable.
   * Time limits are for the others' work: what the way takes beyond a fast network's is added to them as it is measured.
   */
  async request<Q, A>(
    kind: RequestKind<Q, A>,
    ids: string[],
    question: Q,
    options: RequestOptions = {},
  ): Promise<Received<A>> {
    const { tries = 3 } = options
    const tryMs = (options.tryMs ?? 300) + this.#slowWayMs
    const subject = this.#subject(kind, ids)
    const payload = encodePayload(kind.schema.parse(question), options.bytes)
    const headers = toNatsHeaders(options.trace)
    const asked: Promise<Received<A>>[] = []
    for (let left = tries; left > 0; left--) {
      const askedAt = performance.now()
      asked.push(
        this.#connection
          .request(subject, payload, { timeout: tryMs * left, ...(headers === undefined ? {} : { headers }) })
          .then((answer) => this.#read(kind, subject, answer)),
      )
      const answer = await firstWithin(asked, tryMs)
      if (answer !== null) return answer
      const leftMs = tryMs - (performance.now() - askedAt)
      if (leftMs > 1 && left > 1) await delay(Math.min(leftMs, 100))
    }
    const cause: unknown = await asked.at(-1)?.catch((error: unknown) => error)
    throw new BusUnavailable(subject, noResponders(cause), cause)
  }

  /** Asks everyone who serves the kind; gives what came within `waitMs`. */
  async collect<Q, A>(kind: RequestKind<Q, A>, question: Q, waitMs: number): Promise<A[]> {
    const answers: A[] = []
    try {
      const messages = await this.#connection.requestMany(this.#subject(kind, []), encodePayload(question), {
        strategy: 'timer',
        maxWait: waitMs,
      })
      for await (const message of messages) {
        const decoded = decodePayload(kind.reply, message.data)
        if (decoded.ok) answers.push(decoded.message)
      }
    } catch (error) {
      if (!noResponders(error)) throw error
    }
    return answers
  }

  /** Hears every event of a kind. Handlers run in order of arrival, without waiting for each other. */
  subscribe<T>(kind: EventKind<T>, ids: string[], handle: (received: Received<T>) => void): void {
    const subject = this.#subject(kind, ids)
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          this.#options.onHandlerError({ subject, error })
          return
        }
        const received = this.#receive(kind, message)
        if (received === null) return
        try {
          handle(received)
        } catch (thrown) {
          this.#options.onHandlerError({ subject, error: thrown })
        }
      },
    })
  }

  /** Answers requests of a kind. With `queue`, one of all who serve under that name answers; without, everyone does. Null: says nothing, so the
   *  question is asked again. */
  serve<Q, A>(
    kind: RequestKind<Q, A>,
    ids: string[],
    answer: (received: Received<Q>) => Promise<Answer<A> | null> | Answer<A> | null,
    options: { queue?: string } = {},
  ): Serving {
    const subject = this.#subject(kind, ids)
    const answering = new Set<Promise<void>>()
    const respond = async (message: Msg): Promise<void> => {
      const received = this.#receive(kind, message)
      if (received === null) return
      try {
        const answered = await answer(received)
        if (answered !== null) message.respond(encodePayload(kind.reply.parse(answered.reply), answered.bytes))
      } catch (error) {
        this.#options.onHandlerError({ subject, error })
      }
    }
    const subscription = this.#connection.subscribe(subject, {
      ...(options.queue === undefined ? {} : { queue: options.queue }),
      callback: (error, message) => {
        if (error !== null) {
          this.#options.onHandlerError({ subject, error })
          return
        }
        const answered = respond(message).finally(() => answering.delete(answered))
        answering.add(answered)
      },
    })
    return {
      stop: async () => {
        if (this.#connected) await subscription.drain()
        else subscription.unsubscribe()
        await Promise.all(answering)
      },
    }
  }

  /** Waits until everything published so far has reached the server. */
  async flush(): Promise<void> {
    await this.#connection.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#measureTimer)
    if (this.#connection.isClosed()) return
    if (this.#connected) await this.#connection.drain()
    else await this.#connection.close()
  }

  #read<Q, A>(kind: RequestKind<Q, A>, subject: string, answer: Msg): Received<A> {
    const decoded = decodePayload(kind.reply, answer.data)
    if (decoded.ok) return { message: decoded.message, bytes: decoded.bytes, trace: {} }
    this.#options.onInvalid({ subject: `${subject} (answer)`, reason: decoded.reason })
    throw new Error(decoded.reason)
  }

  /** There and back twice: from here to the server, and from there to whoever answers. */
  get #slowWayMs(): number {
    return Math.min(slowWayMsMax, 2 * Math.max(0, this.#roundTripMs - fastRoundTripMs))
  }

  async #measureRoundTrip(): Promise<void> {
    if (this.#measuringSince !== null || !this.#connected) return
    const askedAt = (this.#measuringSince = performance.now())
    try {
      await this.#connection.flush()
      // Up at once, down by and by.
      this.#roundTripMs = Math.max(performance.now() - askedAt, this.#roundTripMs / 2)
    } catch {
      // The connection broke: the next one may be as good as any.
      this.#roundTripMs = 0
    } finally {
      this.#measuringSince = null
    }
  }

  #receive<T>(kind: EventKind<T>, message: Msg): Received<T> | null {
    const decoded = decodePayload(kind.schema, message.data)
    if (!decoded.ok) {
      this.#options.onInvalid({ subject: message.subject, reason: decoded.reason })
      return null
    }
    return { message: decoded.message, bytes: decoded.bytes, trace: fromNatsHeaders(message.headers) }
  }

  #subject(kind: EventKind<unknown>, ids: string[]): string {
    return `${this.#options.subjectPrefix}.${kind.subject(...ids)}`
  }

  async #watchStatus(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') this.#connected = false
      if (status.type === 'reconnect') {
        this.#connected = true
        this.#connectedSince = performance.now()
      }
    }
    this.#connected = false
  }
}
