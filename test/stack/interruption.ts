/** Aborts at Ctrl-C and SIGTERM, so that what was started is ended in order and its files are removed. */
export const abortedOnInterruption = (): AbortSignal => {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`ended by ${name}`)))
  return controller.signal
}

/** Whether an error says that the run was interrupted, and not that it failed. */
export const isInterruption = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
