export * from './bus.ts'
export * from './connect-bus.ts'
export { checkMessage } from './payload.ts'
export type * from './trace-headers.ts'
