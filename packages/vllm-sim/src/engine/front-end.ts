/** What the API server in front of the engine costs. Contract §4.1, estimates. */
export interface FrontEndCost {
  /** Before a request reaches the scheduler, ms: HTTP, template, IPC. */
  readonly requestMs: number
  /** On top, ms per prompt token: tokenising. */
  readonly promptTokenMs: number
  /** Per streamed token, ms, one after another: the server is one process. The engine goes on meanwhile; see `TokenOutlet`. */
  readonly streamedTokenMs: number
}

/** Its ceiling is about 20,000 streamed tokens a second. */
export const defaultFrontEndCost: FrontEndCost = { requestMs: 5, promptTokenMs: 0.004, streamedTokenMs: 0.046 }
export const noFrontEndCost: FrontEndCost = { requestMs: 0, promptTokenMs: 0, streamedTokenMs: 0 }
