/** What the API server in front of the engine costs. Contract §4.1, estimates. */
export interface FrontEndCost {
  /** Before a request reaches the scheduler, ms: HTTP, template, IPC. */
  readonly requestMs: number
  /** On top, ms per prompt token: tokenising. */
  readonly promptTokenMs: number
}

export const defaultFrontEndCost: FrontEndCost = { requestMs: 5, promptTokenMs: 0.004 }
export const noFrontEndCost: FrontEndCost = { requestMs: 0, promptTokenMs: 0 }
