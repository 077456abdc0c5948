export * from './bullmq-pool-queue.ts'
export * from './pool-queue.ts'
