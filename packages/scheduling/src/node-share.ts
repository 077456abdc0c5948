/**
 * This worker's part of a node's in-flight limit, divided among the live workers of its pool: no shared counter, nothing to
 * leak. What does not divide evenly goes to the first in order of id; everyone keeps at least one.
 */
export const nodeShare = (limit: number, workers: readonly string[], self: string): number => {
  const ordered = [...new Set([...workers, self])].toSorted()
  const base = Math.floor(limit / ordered.length)
  const extra = ordered.indexOf(self) < limit % ordered.length ? 1 : 0
  return Math.max(1, base + extra)
}
