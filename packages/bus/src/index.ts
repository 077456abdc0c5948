export * from './bus.ts'
export * from './connect-bus.ts'
export type * from './trace-headers.ts'
