/** A job as the order of a lane sees it. */
export interface LineJob {
  readonly id: string
  /** Who waits, and for whom it is counted. */
  readonly user: string
  readonly tenant: string
  /** Price of its start in virtual time: a whole number from 1. */
  readonly cost: number
  readonly bytes: number
  /** Continuation of an answer that a client reads: before all others, free of charge, refused by no bound. */
  readonly resumed: boolean
  /** A waiting job with this key gives its place to a newer one of the same user. */
  readonly replaceKey?: string | undefined
  /** When its request came, epoch ms: tells the newer of two with one key. */
  readonly askedAt: number
}

/** Maxima of one lane. */
export interface LineBounds {
  readonly jobsMax: number
  readonly bytesMax: number
  /** Waiting jobs of one user. */
  readonly perUserMax: number
  /** Waiting jobs of one tenant. */
  readonly perTenantMax: number
  /** Jobs that may stand before a new one: more would let it wait beyond its time. */
  readonly aheadMax: number
}

export const refusalReasons = ['user', 'tenant', 'jobs', 'bytes', 'wait', 'superseded'] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** What became of a job at the end of the line. `ahead`: jobs that leave before it as things stand. */
export type Placing =
  | { readonly kind: 'added'; readonly rank: number; readonly ahead: number; readonly replaced: string | null }
  | { readonly kind: 'present'; readonly rank: number; readonly ahead: number }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly ahead: number }

interface Waiting {
  job: LineJob
  /** Charged; another than the job's own where it took over a place. */
  cost: number
  /** Virtual time when it came. */
  cameAt: number
  rank: number
  /** Order of arrival, for equal ranks. */
  seq: number
}

interface User {
  /** Rank of the last job that left to be worked on. */
  base: number
  /** In the order of their coming. */
  jobs: Waiting[]
}

/**
 * One lane's waiting line: start-time fair queueing with refund. A job's rank is the later of the lane's virtual time and its
 * user's last rank, plus its cost; the lowest rank leaves first, and virtual time is the rank of the last one that did. A job
 * that leaves unstarted gives its rank back: the line is then as if it had never come. Users without a waiting job are not
 * remembered, since their last rank is not above virtual time.
 *
 * The definition of what the queue's Lua script does; the queue's conformance suite compares the two step by step.
 */
export class FairLine {
  readonly #waiting = new Map<string, Waiting>()
  readonly #users = new Map<string, User>()
  readonly #tenants = new Map<string, number>()
  readonly #keys = new Map<string, string>()
  #virtualTime = 0
  #seq = 0
  #bytes = 0

  get size(): number {
    return this.#waiting.size
  }

  get bytes(): number {
    return this.#bytes
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Ids in the order in which they would leave. */
  order(): string[] {
    return [...this.#waiting.values()].toSorted(before).map(({ job }) => job.id)
  }

  add(job: LineJob, bounds: LineBounds): Placing {
    const present = this.#waiting.get(job.id)
    if (present !== undefined) return { kind: 'present', rank: present.rank, ahead: this.#ahead(present) }
    if (job.resumed) return this.#insert({ job, cost: 0, cameAt: 0, rank: 0, seq: (this.#seq += 1) })
    const former = this.#replaceable(job)
    if (former !== undefined && former.job.askedAt > job.askedAt) return this.#refuse('superseded')
    if (this.#bytes - (former?.job.bytes ?? 0) + job.bytes > bounds.bytesMax) return this.#refuse('bytes')
    if (former !== undefined) return this.#takeOver(former, job)
    const user = this.#users.get(job.user)
    if ((user?.jobs.length ?? 0) >= bounds.perUserMax) return this.#refuse('user')
    if ((this.#tenants.get(job.tenant) ?? 0) >= bounds.perTenantMax) return this.#refuse('tenant')
    if (this.#waiting.size >= bounds.jobsMax) return this.#refuse('jobs')
    const last = user === undefined ? 0 : (user.jobs.at(-1)?.rank ?? user.base)
    const rank = Math.max(this.#virtualTime, last) + job.cost
    const waiting = { job, cost: job.cost, cameAt: this.#virtualTime, rank, seq: this.#seq + 1 }
    const ahead = this.#ahead(waiting)
    if (ahead > bounds.aheadMax) return { kind: 'refused', reason: 'wait', ahead }
    this.#seq += 1
    return this.#insert(waiting)
  }

  /** The job of lowest rank, out of the line. */
  take(): LineJob | null {
    const [first] = this.order()
    if (first === undefined) return null
    const waiting = this.#waiting.get(first) as Waiting
    const user = this.#users.get(waiting.job.user)
    if (!waiting.job.resumed) {
      this.#virtualTime = Math.max(this.#virtualTime, waiting.rank)
      if (user?.jobs[0] === waiting) user.base = waiting.rank
    }
    this.#drop(waiting)
    return waiting.job
  }

  /** Takes a job out unstarted; the ranks of its user's later jobs fall back. False: it does not wait. */
  remove(id: string): boolean {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return false
    const jobs = this.#users.get(waiting.job.user)?.jobs ?? []
    const index = jobs.indexOf(waiting)
    if (index >= 0) {
      let last = jobs[index - 1]?.rank ?? this.#users.get(waiting.job.user)?.base ?? 0
      for (const later of jobs.slice(index + 1)) last = later.rank = Math.max(later.cameAt, last) + later.cost
    }
    this.#drop(waiting)
    return true
  }

  #replaceable({ replaceKey, user }: LineJob): Waiting | undefined {
    const id = replaceKey === undefined ? undefined : this.#keys.get(replaceKey)
    const former = id === undefined ? undefined : this.#waiting.get(id)
    return former?.job.user === user ? former : undefined
  }

  #takeOver(former: Waiting, job: LineJob): Placing {
    const jobs = this.#users.get(job.user)?.jobs ?? []
    const heir = { ...former, job }
    jobs[jobs.indexOf(former)] = heir
    this.#waiting.delete(former.job.id)
    this.#waiting.set(job.id, heir)
    this.#count(former.job, -1)
    this.#count(job, 1)
    return { kind: 'added', rank: heir.rank, ahead: this.#ahead(heir), replaced: former.job.id }
  }

  #insert(waiting: Waiting): Placing {
    const { job } = waiting
    this.#waiting.set(job.id, waiting)
    this.#count(job, 1)
    if (!job.resumed) {
      const user = this.#users.get(job.user)
      if (user === undefined) this.#users.set(job.user, { base: 0, jobs: [waiting] })
      else user.jobs.push(waiting)
    }
    return { kind: 'added', rank: waiting.rank, ahead: this.#ahead(waiting), replaced: null }
  }

  #drop(waiting: Waiting): void {
    const { job } = waiting
    this.#waiting.delete(job.id)
    this.#count(job, -1)
    const user = this.#users.get(job.user)
    if (!job.resumed && user !== undefined) {
      user.jobs = user.jobs.filter((other) => other !== waiting)
      if (user.jobs.length === 0) this.#users.delete(job.user)
    }
    if (this.#waiting.size === 0) this.#virtualTime = this.#seq = 0
  }

  #count(job: LineJob, by: 1 | -1): void {
    this.#bytes += by * job.bytes
    if (job.resumed) return
    const tenant = (this.#tenants.get(job.tenant) ?? 0) + by
    if (tenant > 0) this.#tenants.set(job.tenant, tenant)
    else this.#tenants.delete(job.tenant)
    if (job.replaceKey === undefined) return
    if (by > 0) this.#keys.set(job.replaceKey, job.id)
    else if (this.#keys.get(job.replaceKey) === job.id) this.#keys.delete(job.replaceKey)
  }

  #ahead(waiting: Waiting): number {
    let ahead = 0
    for (const other of this.#waiting.values()) if (before(other, waiting) < 0) ahead += 1
    return ahead
  }

  #refuse(reason: RefusalReason): Placing {
    return { kind: 'refused', reason, ahead: this.#waiting.size }
  }
}

const before = (a: Waiting, b: Waiting): number =>
  Number(b.job.resumed) - Number(a.job.resumed) || a.rank - b.rank || a.seq - b.seq
