export { runCli } from './run-cli.ts'
export type { Outside } from './outside.ts'
