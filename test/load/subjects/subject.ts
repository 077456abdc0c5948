/** What is loaded: where requests go, and which processes serve them. */
export interface Subject {
  readonly name: string
  /** Its release, or what it is. */
  readonly version: string
  /** Taken in turns. */
  readonly targets: readonly [Target, ...Target[]]
  /** Processes on the way of a request, by name; the generator and the nodes are none of them. Their descendants count with them. */
  pids(): ReadonlyMap<string, number>
}

export interface Target {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** What a request calls the model. */
  readonly model: string
  headers(user: number): Readonly<Record<string, string>>
}
