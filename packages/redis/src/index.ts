export { openRedis } from './open-redis.ts'
export type { RedisConnectionOptions } from './open-redis.ts'
export { readRedisUrl, redisUrlForms } from './redis-url.ts'
