/** Lower goes first. Continuations of answers that a client already reads go before first attempts; within each, first come. */
export const rankOf = (job: { resumed: boolean }): number => (job.resumed ? 1 : 1000)
