export { startTestNats, startTestRedis } from './servers.ts'
export { waitFor } from './wait-for.ts'
