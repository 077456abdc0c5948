/** Clocks and counts by which an ingress judges its requests. Durations in ms. */
export interface LifeLimits {
  /** A worker unheard for this long is taken as dead or frozen: four missed beats. */
  workerSilenceMs: number
  /** A gap in a run's frames that a resend does not fill within this time ends the run. */
  gapMs: number
  /** A run whose worker beats without it and sends no frame is asked for after this time. */
  unseenRunMs: number
  /** A worker that came back under the same name ends its former runs once they are silent this long. */
  replacedSilenceMs: number
  /** A job the queue does not know and no worker claims within this time is lost. */
  unknownJobMs: number
  /** Wait before an attempt that was not taken is submitted again. */
  resubmitMs: number
  /** A first attempt that nobody took is offered again for this long, where that may help. */
  offerMs: number
  /** Attempts that may fail at a node without bringing a new token. */
  nodeFailuresMax: number
  /** Losses of our own parts that one request survives. */
  ownLossesMax: number
}

/**
 * Design §3: beats every 500 ms, silence 2 s, resend 300 ms, 3 attempts at nodes, 10 losses of our own parts. A frozen NATS server is
 * noticed and left within 1.5 s, a primary of Redis replaced in as much: who asked at that instant is offered once more then.
 */
export const defaultLifeLimits: LifeLimits = {
  workerSilenceMs: 2000,
  gapMs: 300,
  unseenRunMs: 1200,
  replacedSilenceMs: 750,
  unknownJobMs: 300,
  resubmitMs: 200,
  offerMs: 1500,
  nodeFailuresMax: 3,
  ownLossesMax: 10,
}
