export { startTestNats, startTestRedis } from './servers.ts'
export { waitFor } from './wait-for.ts'
export { startTestDns } from './dns.ts'
export type { TestDns } from './dns.ts'
