import { env } from 'node:process' // fails: eslint(no-restricted-imports)

export const natsUrl = process.env['NATS_URL'] // fails: node(no-process-env)
export const redisUrl = env['REDIS_URL']
